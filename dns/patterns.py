"""Pure: the regular expressions of a Corefile. Those that a name could keep busy for ever are refused.

Go's expressions take time in proportion to the text; Python's try one way after the other. What takes exponential time
is a repeat of what repeats itself, where the inner and the outer repeat can share the text out in many ways.
"""

import re
import warnings

_POSIX = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "lower": "a-z", "upper": "A-Z", "xdigit": "0-9a-fA-F",
    "word": "0-9A-Za-z_", "space": r"\s",
}  # fmt: skip
_POSIX_CLASS = re.compile(r"\[:(\w+):\]")
_ATOM = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:P?<\w+>|[a-zA-Z]*:|[a-zA-Z]+(?=\))))?|[)|]|.", re.DOTALL)
_QUANTIFIER = re.compile(r"(\*|\+|\?|\{\d+(?:,\d*)?\})[?+]?")
_GO_NAMED_GROUP = re.compile(r"\(\?<(\w+)>")


class PatternError(ValueError):
    """Not a regular expression, or one that could take for ever; its text says which."""


def compile_pattern(text: str) -> re.Pattern[str]:
    """A pattern as Go writes it, for Python to match. Raises `PatternError`."""
    translated = _GO_NAMED_GROUP.sub(r"(?P<\1>", text).replace(r"\z", r"\Z")
    translated = _POSIX_CLASS.sub(lambda found: _POSIX.get(found[1], found[0]), translated)
    try:
        # What Python warns of, it may read otherwise one day: Go reads some of it otherwise today.
        with warnings.catch_warnings(action="error"):
            compiled = re.compile(translated, re.ASCII)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise PatternError(f"error parsing regexp: {error}") from error
    if _is_explosive(translated):
        raise PatternError("a repeat within a repeat, which could take exponential time")
    return compiled


class _Group:
    """What was read of a group so far: the atoms in it that repeat without bound, and the last atom."""

    def __init__(self) -> None:
        self.repeated: list[str] = []
        self.last = ""

    @property
    def is_ambiguous(self) -> bool:
        """Whether repeating the group is: unless each turn ends in a character that no repeat in it can match."""
        if not self.repeated:
            return False
        end = self.last.removeprefix("\\")
        if len(self.last) == 3 and self.last[0] == "[":
            end = self.last[1]
        if len(end) != 1 or self.last in {".", "(", ")", "|"}:
            return True
        return any(len(atom) == 0 or re.fullmatch(atom, end) is not None for atom in self.repeated)


def _is_explosive(text: str) -> bool:
    groups = [_Group()]
    at = 0
    while found := _ATOM.match(text, at):
        atom, at = found[0], found.end()
        quantifier = _QUANTIFIER.match(text, at) if not atom.startswith("(") else None
        at = quantifier.end() if quantifier else at
        unbounded = quantifier is not None and (quantifier[1] in {"*", "+"} or quantifier[1].endswith(",}"))
        if atom.startswith("("):
            groups.append(_Group())
        elif atom == ")":
            group = groups.pop()
            if unbounded and group.is_ambiguous:
                return True
            groups[-1].repeated += [*group.repeated, *([""] if unbounded else [])]
            groups[-1].last = ""
        else:
            groups[-1].repeated += [atom] if unbounded else []
            groups[-1].last = "" if quantifier else atom
    return False
