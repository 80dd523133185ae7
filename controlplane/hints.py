"""Pure: what to change, for the mistakes that people make in manifests."""

import re

COMMENT_HINT = "`//` starts no comment in YAML, use `#`"
ALIAS_HINT = "`*` begins an alias in YAML: quote a value that starts with it"
TAB_HINT = "YAML takes no tab for indentation, use spaces"
TEMPLATE_HINT = "this is a template: render it first, for example with `helm template`"
UTF8_HINT = "save the file as UTF-8"

_COMMENT = re.compile(r"(?:^|\s)//")
_TEMPLATE = re.compile(r"\{\{.*\}\}")
_ALIAS_LIKE = re.compile(r"(?:^|[:\-,\[{]\s+)\*(?![0-9A-Za-z_-]+\s*(?:[#,\]}]|$))")
_COLON_IN_VALUE = re.compile(r":\s+[^\s'\"{\[|>#].*?:(?:\s|$)")


def value_hint(value: object) -> str:
    """What went wrong before a value came to be, if that can be seen from it; else `""`."""
    return COMMENT_HINT if isinstance(value, str) and _COMMENT.search(value) else ""


def comment_column(line: str) -> int:
    """The column, from 1, of a `//` that was meant to start a comment; 0 if the line has none."""
    found = _COMMENT.search(line)
    return line.index("//", found.start()) + 1 if found else 0


def syntax_hint(message: str, line: str, line_before: str) -> str:
    """What is wrong at a line that does not parse; a mistake may show only on the line after it. `""` if unclear."""
    hints = []
    if _TEMPLATE.search(line):
        hints.append(TEMPLATE_HINT)
    if "alphabetic or numeric character" in message and _ALIAS_LIKE.search(line):
        hints.append(ALIAS_HINT)
    if "cannot start any token" in message and "\t" in line:
        hints.append(TAB_HINT)
    if any(_COMMENT.search(text) for text in (line, line_before)):
        hints.append(COMMENT_HINT)
    if not hints and "mapping values are not allowed" in message and _COLON_IN_VALUE.search(line):
        hints.append("a value that holds `: ` needs quotes")
    if not hints and "already set in map" in message:
        hints.append("a key may stand once in a mapping")
    return "; ".join(hints)


def name_hint(unknown: str, known: frozenset[str]) -> str:
    """The known name that was probably meant; `""` if none is near."""
    if (meant := nearest_name(unknown, known)) is not None:
        return f'did you mean "{meant}"?'
    return ""


def nearest_name(unknown: str, known: frozenset[str]) -> str | None:
    """The known name within an edit distance of a third of its length, letters' case apart."""
    distances = sorted((edit_distance(unknown.lower(), name.lower()), name) for name in known)
    if distances and distances[0][0] <= max(1, len(distances[0][1]) // 3):
        return distances[0][1]
    return None


def edit_distance(one: str, other: str) -> int:
    """How many letters must be inserted, deleted, replaced or swapped with a neighbour (Damerau, restricted)."""
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        before_last, last = last, row
    return last[-1]
