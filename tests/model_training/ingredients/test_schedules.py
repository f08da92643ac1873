"""A plateau of validation accuracy sets the rate and ends a run."""

from model_training.ingredients.schedules import Plateau


def accuracies(*values):
    return [{"val_accuracy": value} for value in values]


def test_a_plateau_halves_the_rate_and_ends_the_run():
    plateau = Plateau(epochs=50, learning_rate=1.0, patience=2, stop_after=5)
    assert plateau.rate([]) == 1.0
    assert plateau.rate(accuracies(0.1, 0.2, 0.2)) == 1.0
    assert plateau.rate(accuracies(0.1, 0.2, 0.2, 0.1)) == 0.5
    assert plateau.rate(accuracies(0.1, 0.2, 0.2, 0.1, 0.3)) == 0.5
    assert plateau.rate(accuracies(0.2, 0.1, 0.1, 0.1, 0.1)) == 0.25
    assert not plateau.ended(accuracies(0.2, 0.1, 0.1, 0.1, 0.1))
    assert plateau.ended(accuracies(0.2, 0.1, 0.1, 0.1, 0.1, 0.1))
    assert not Plateau(epochs=50, stop_after=None).ended(accuracies(0.2, *[0.1] * 30))
