"""Objects as the YAML that kubectl prints: keys sorted, lists not indented, texts quoted where they need it."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

_TEXT = "tag:yaml.org,2002:str"
_OTHERS = frozenset({"bool", "int", "float", "null", "timestamp", "merge"})
_OLD_TRUTHS = frozenset("yYnN")
_GO_NUMBER = re.compile(r"[-+]?(0o[0-7]+|(\d+\.?\d*|\.\d+)[eE][-+]?\d+)")  # as YAML 1.1 does not write them


class _Dumper(yaml.CSafeDumper):
    """libyaml's, with goyaml's choice of quotes."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """What stands twice is written twice."""
        return True


def _text(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
    """What would be read as something else is in double quotes; what has several lines is a block."""
    if "\n" in value:
        return dumper.represent_scalar(_TEXT, value, style="|")
    return dumper.represent_scalar(_TEXT, value, style='"' if _means_something_else(dumper, value) else None)


def _means_something_else(dumper: yaml.CSafeDumper, value: str) -> bool:
    """Whether goyaml would read a plain text as a number, a truth value, a time or nothing."""
    tag: str = dumper.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
    return tag.rpartition(":")[2] in _OTHERS or value in _OLD_TRUTHS or _GO_NUMBER.fullmatch(value) is not None


_Dumper.add_representer(str, _text)


def as_yaml(value: Mapping[str, Any]) -> str:
    """The text of an object, with its last line feed."""
    return yaml.dump(value, Dumper=_Dumper, default_flow_style=False, sort_keys=True, allow_unicode=True, width=1 << 30)
