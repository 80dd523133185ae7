"""Which tests show what Kubernetes' own tests show. Run as a module, it writes docs/conformance.md."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "conformance.md"
_UPSTREAM = Path(__file__).with_name("upstream.txt")
_IN_SCENARIOS = "# upstream:"
_HEAD = """\
# Conformance

Tests of Kubernetes' own about Services, slices and their names, and what shows that the same holds here.

* `pass`: all of it does. `in part`: what does not is said. `no`: why nothing does.
* A scenario shows what is decided: frontends, endpoints, verdicts, DNS answers. Tests in `tests/loopback` show bytes on
  one node, those in `tests/netns` between hosts. `make check` runs the scenarios, `make test` everything.
* `make conformance` writes this file from what scenarios and tests claim; a test holds it to them.

| | pass | in part | no |
|---|---|---|---|
"""


class Name(NamedTuple):
    """One test of Kubernetes."""

    file: str
    name: str
    tests: tuple[str, ...]  # paths from the root, and `::` with the test's name
    but: str


def names() -> list[Name]:
    """All of them, with all that is claimed."""
    claimed = claims()
    return [each._replace(tests=tuple(sorted({*each.tests, *claimed.get(key(each), ())}))) for each in _listed()]


def key(name: Name) -> str:
    """As scenarios and tests spell it."""
    return f"{name.file}: {name.name}"


def _listed() -> Iterator[Name]:
    """What upstream.txt says."""
    file, found = "", Name("", "", (), "")
    for line in _UPSTREAM.read_text().splitlines():
        word, _, rest = line.strip().partition(" ")
        if line.startswith("    "):
            found = found._replace(but=rest) if word == "but:" else found._replace(tests=(*found.tests, rest))
            continue
        if found.name:
            yield found
        found = Name("", "", (), "")
        if word == "==":
            file = rest
        elif word not in ("", "#"):
            found = Name(file, line, (), "")
    if found.name:
        yield found


def claims() -> Mapping[str, Sequence[str]]:
    """By upstream test: the scenarios and tests that name it."""
    found: dict[str, list[str]] = {}
    for name, test in (*_of_scenarios(), *_of_tests()):
        found.setdefault(name, []).append(test)
    return found


def _of_scenarios() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "tests" / "scenarios").rglob("*.scenario")):
        for line in path.read_text().splitlines():
            if line.startswith(_IN_SCENARIOS):
                yield line.removeprefix(_IN_SCENARIOS).strip(), str(path.relative_to(ROOT))


def _of_tests() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if "mark.upstream" in (text := path.read_text()):
            for function in functions(text):
                for name in _marked(function):
                    yield name, f"{path.relative_to(ROOT)}::{function.name}"


def functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _marked(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.upstream":
            yield from map(ast.literal_eval, decorator.args)


def is_there(test: str) -> bool:
    """Whether a file, and the test in it if one is named, exists."""
    path, _, name = test.partition("::")
    if not (ROOT / path).is_file():
        return False
    return not name or any(each.name == name for each in functions((ROOT / path).read_text()))


def result(name: Name) -> str:
    """What the table says of it."""
    if not name.but:
        return "pass"
    return f"{'in part' if name.tests else 'no'}: {name.but}"


def document(found: Sequence[Name]) -> str:
    """The text of docs/conformance.md."""
    files = dict.fromkeys(each.file for each in found)
    by_file = {file: [each for each in found if each.file == file] for file in files}
    counts = "\n".join(_counts(file, members) for file, members in by_file.items())
    tables = "\n\n".join(_table(file, members) for file, members in by_file.items())
    return f"{_HEAD}{counts}\n{_counts('all', found)}\n\n{tables}\n"


def _counts(title: str, found: Sequence[Name]) -> str:
    words = [result(each).partition(":")[0] for each in found]
    return f"| {title} | {words.count('pass')} | {words.count('in part')} | {words.count('no')} |"


def _table(file: str, found: Sequence[Name]) -> str:
    rows = [f"| {each.name} | {result(each)} | {_tests(each.tests)} |" for each in found]
    return "\n".join([f"## {file}", "", "| test | result | shown by |", "|---|---|---|", *rows])


def _tests(tests: Sequence[str]) -> str:
    return "<br>".join(f"`{each.removeprefix('tests/')}`" for each in tests)


if __name__ == "__main__":
    DOCUMENT.write_text(document(names()))
