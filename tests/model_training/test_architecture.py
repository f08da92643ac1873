"""Imports between the rooms of the training module point one way."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "model_training"
# From the ground up: a room imports only rooms that come before it.
FLOORS = (
    "app",
    "protocols",
    "corpora",
    "ingredients",
    "recipes",
    "as_published",
    "training",
    "evaluation",
    "reports",
    "experiment",
    "export",
    "__main__",
)


def module_of(path):
    """The dotted name of a file, "model_training.corpora.table"."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in PACKAGE.rglob("*.py")}


def imported(path):
    """The dotted names that a file imports, wherever in it the statement is."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in FILES else node.module


def room_of(module):
    """ "corpora" of "model_training.corpora.table", "app" of "app.audio", else None."""
    first, _, rest = module.partition(".")
    if first == "app":
        return first
    return rest.partition(".")[0] or None if first == "model_training" else None


def arrows_between(name_of):
    """(from, to) of all imports, as `name_of` names modules; within one name there is none."""
    found = {
        (name_of(module), name_of(target))
        for module, path in FILES.items()
        for target in imported(path)
    }
    return {(one, other) for one, other in found if one and other and one != other}


ARROWS = arrows_between(room_of)


def test_every_room_has_its_floor():
    assert {room_of(module) for module in FILES} - {None} == set(FLOORS) - {"app"}


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_imports_only_what_is_below_it(room):
    below = FLOORS[: FLOORS.index(room)]
    assert {target for source, target in ARROWS if source == room} <= set(below)


def test_the_arrows_are_those_of_the_imports():
    assert {("reports", "evaluation"), ("recipes", "ingredients"), ("corpora", "app")} <= ARROWS
    assert len(ARROWS) <= 47


def test_no_files_import_each_other_in_a_circle():
    graph = {module: set() for module in FILES}
    for source, target in arrows_between(lambda module: module if module in FILES else None):
        graph[source].add(target)
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {error.args[1]}")
    assert len(order) == len(FILES)
