"""Pure: JSON values as Go prints them, which is what templates and columns of kubectl show."""

import json
from typing import Any

# What Go's encoding/json writes otherwise than Python's: it takes JSON to be put into HTML.
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def go_text(value: Any) -> str:
    """As `fmt.Sprint` writes it: `map[app:web]`, `[a b]`, `true`, `<nil>`."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case dict():
            return "map[" + " ".join(f"{key}:{go_text(item)}" for key, item in sorted(value.items())) + "]"
        case list():
            return "[" + " ".join(map(go_text, value)) + "]"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def go_json(value: Any, indent: int | None = None) -> str:
    """As `json.Marshal` writes it: keys sorted, nothing between; with an indent, as `MarshalIndent`."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=indent, separators=separators)
    return text.translate(_HTML)


def go_type(value: Any) -> str:
    """The Go type of a value that came out of JSON, as error messages name it."""
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int():
            return "int64"
        case float():
            return "float64"
        case dict():
            return "map[string]interface {}"
        case _:
            return "[]interface {}"
