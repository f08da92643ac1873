"""Training of the models: corpora, recipes, training and evaluation."""
