"""Which tests show the outcome that is promised for a fault of the process: `@pytest.mark.reliability(NUMBER)`."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .claims import ROOT, functions

_FAULTS = Path(__file__).with_name("faults.txt")


def faults() -> dict[int, str]:
    """By number: what happens, and what comes of it."""
    lines = (line.partition(" ") for line in _FAULTS.read_text().splitlines())
    return {int(number): text for number, _, text in lines}


def claimed() -> Mapping[int, Sequence[str]]:
    """By number: the tests that bear it, as paths from the root."""
    found: dict[int, list[str]] = {}
    for number, test in _claims():
        found.setdefault(number, []).append(test)
    return found


def _claims() -> Iterator[tuple[int, str]]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if "mark.reliability" in (text := path.read_text()):
            for function in functions(text):
                for number in _marked(function):
                    yield number, f"{path.relative_to(ROOT)}::{function.name}"


def _marked(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[int]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.reliability":
            yield from map(ast.literal_eval, decorator.args)
