"""A name means one thing: no two public names are alike, errors end in Error, and loop variables are called what they
are."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from gallop.errors import GallopError

PRIVATE_WORDS = frozenset({"each", "found", "place", "thing"})
"""What a loop variable is not called, since every variable could be."""

NOT_YET_CLEAN: frozenset[str] = frozenset()
"""Folders of src/gallop that still have such loop variables; to be emptied."""


def modules(root: Path) -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package by its path; not those that are copied into a project."""
    package = root / "src/gallop"
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if not name.startswith("template/"):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def public_names(module: ast.Module) -> set[str]:
    """Functions, classes, constants and type aliases that a module defines, without what it imports."""
    names = set()
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


def loop_variables(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of every variable of a loop, a comprehension or a lambda."""
    for node in ast.walk(module):
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name):
                    yield name.lineno, name.id
        elif isinstance(node, ast.Lambda):
            yield from ((argument.lineno, argument.arg) for argument in node.args.args)


def private_words(root: Path) -> dict[str, list[str]]:
    """Module → its loop variables with a private word for a name, with their lines."""
    offences = {
        name: [f"{name}:{line}: {word}" for line, word in loop_variables(module) if word in PRIVATE_WORDS]
        for name, module in modules(root)
    }
    return {name: lines for name, lines in offences.items() if lines}


def test_no_two_public_names_are_alike(root: Path) -> None:
    definers = defaultdict(list)
    for path, module in modules(root):
        for name in public_names(module):
            definers[name].append(path)
    twice = {name: paths for name, paths in definers.items() if len(paths) > 1}
    # A command is named like the stage or the verb that it runs.
    for name in list(twice):
        if sum(not path.startswith("cli/") for path in twice[name]) <= 1:
            del twice[name]
    assert twice == {}


def test_every_error_that_a_person_can_mend_ends_in_error() -> None:
    def subclasses(kind: type) -> Iterator[type]:
        for subclass in kind.__subclasses__():
            yield subclass
            yield from subclasses(subclass)

    names = [kind.__name__ for kind in subclasses(GallopError) if kind.__module__.startswith("gallop.")]
    assert len(names) > 10
    assert [name for name in names if not name.endswith("Error")] == []


def test_loop_variables_are_called_what_they_are(root: Path) -> None:
    lines = [
        line
        for name, offences in private_words(root).items()
        for line in offences
        if not any(name.startswith(f"{folder}/") for folder in NOT_YET_CLEAN)
    ]
    assert lines == []


def test_a_folder_that_is_clean_leaves_the_list(root: Path) -> None:
    unclean = private_words(root)
    assert {folder for folder in NOT_YET_CLEAN if not any(name.startswith(f"{folder}/") for name in unclean)} == set()


@pytest.mark.parametrize(
    "line",
    [
        "for each in rows: pass",
        "[place for place, row in enumerate(rows)]",
        "{thing: 1 for (_, (thing,)) in rows}",
        "async def run():\n    async for found in rows: pass",
        "sorted(rows, key=lambda each: each)",
    ],
)
def test_a_private_word_is_seen_wherever_a_loop_can_have_it(line: str) -> None:
    assert PRIVATE_WORDS & {name for _, name in loop_variables(ast.parse(line))}
