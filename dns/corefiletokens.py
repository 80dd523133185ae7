"""Pure: Corefile text into tokens, with CoreDNS' rules for quotes, comments and environment variables.

The rules are those of the lexer in coredns/caddy `caddyfile`: white space separates tokens; a token that begins with a
double quote runs to the next one, over lines too, and a backslash keeps a quote inside it; `#` begins a comment
wherever it stands outside quotes.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Token(NamedTuple):
    """One word of a Corefile."""

    text: str
    file: str
    line: int  # where it begins, from 1


class CorefileProblem(NamedTuple):
    """One mistake in a Corefile, in CoreDNS' words; its text form is the line that CoreDNS would print."""

    file: str
    line: int  # from 1; 0 for a file that has none, and then the message names it
    message: str
    plugin: str = ""  # the plugin whose setup objects; empty for the file's own syntax
    warning: bool = False  # CoreDNS would take it, and so do we, but it has no effect here

    def __str__(self) -> str:
        owner = f"plugin/{self.plugin}: " if self.plugin else ""
        if not self.line:
            return f"{owner}{self.message}"
        if self.warning:
            return f"{owner}{self.file}:{self.line} - Warning: {self.message}"
        lead = "" if self.message.startswith("Syntax error:") else "Error during parsing: "
        return f"{owner}{self.file}:{self.line} - {lead}{self.message}"


def tokenize(text: str, file: str) -> Iterator[Token]:
    """The tokens of a Corefile's text, in order."""
    line, at, end = 1, 0, len(text)
    while at < end:
        char = text[at]
        if char == "\n":
            line, at = line + 1, at + 1
        elif char.isspace():
            at += 1
        elif char == "#":
            at = _line_end(text, at)
        elif char == '"':
            word, at = _quoted(text, at + 1)
            yield Token(word, file, line)
            line += word.count("\n")
        else:
            word, at = _bare(text, at)
            yield Token(word, file, line)


def _line_end(text: str, at: int) -> int:
    newline = text.find("\n", at)
    return len(text) if newline < 0 else newline


def _bare(text: str, at: int) -> tuple[str, int]:
    """A token without quotes from `at` on, and where it ends."""
    end = at
    while end < len(text) and not text[end].isspace() and text[end] != "#":
        end += 1
    return text[at:end], end


def _quoted(text: str, at: int) -> tuple[str, int]:
    """The rest of a quoted token from `at` on, and where reading goes on; an unclosed one runs to the text's end."""
    parts: list[str] = []
    while at < len(text) and text[at] != '"':
        if text.startswith('\\"', at):
            at += 1
        parts.append(text[at])
        at += 1
    return "".join(parts), at + 1


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """The text with `{%NAME%}` and `{$NAME}` replaced by the environment's values; unset names become nothing."""
    return _replace(_replace(text, "{%", "%}", environment), "{$", "}", environment)


def _replace(text: str, opening: str, closing: str, environment: Mapping[str, str]) -> str:
    """One pass from left to right: a value that holds a reference is not replaced again, and cannot go on for ever."""
    parts: list[str] = []
    at = 0
    while (start := text.find(opening, at)) >= 0:
        end = text.find(closing, start + len(opening))
        if end <= start + len(opening):
            break
        parts += [text[at:start], environment.get(text[start + len(opening) : end], "")]
        at = end + len(closing)
    return "".join(parts) + text[at:]
