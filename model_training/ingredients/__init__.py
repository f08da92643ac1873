"""The parts of a recipe: augmentation, sampling, targets, schedules and an optimizer."""
