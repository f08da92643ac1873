"""Makes the models: corpora, recipes, training and evaluation."""
