"""What a recipe is made of: augmentation, sampling, targets, schedules and an optimizer."""
