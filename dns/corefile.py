"""Pure: Corefile tokens into server blocks, directives and snippets, as coredns/caddy `caddyfile` groups them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

import msgspec

from .corefiletokens import CorefileProblem, Token, substitute, tokenize

MAX_EXPANSIONS = 1000  # caddy's bound on imports
MAX_TOKENS = 100_000  # snippets that import snippets grow without it

Importer: TypeAlias = Callable[[str, str], "tuple[tuple[str, str], ...] | str"]
"""Called with an `import` pattern and the importing file: (file, text) of each match, or what went wrong, in words."""


class Directive(msgspec.Struct, frozen=True):
    """A plugin's line, or one of the lines in its block."""

    name: str
    args: tuple[str, ...] = ()
    block: tuple["Directive", ...] = ()
    file: str = ""
    line: int = 0


class ServerBlock(msgspec.Struct, frozen=True):
    """What is served for some zones: `keys` as written (`cluster.local:53`, `dns://.`), directives in file order."""

    keys: tuple[str, ...]
    directives: tuple[Directive, ...] = ()
    file: str = ""
    line: int = 0


class _ParseError(Exception):
    """Ends the parse; `parse` turns it into data."""

    def __init__(self, at: Token, message: str) -> None:
        super().__init__(message)
        self.problem = CorefileProblem(at.file, at.line, message)


def no_files(pattern: str, _importing: str) -> str:
    """The importer of a Corefile that stands alone: snippets can be imported, files cannot."""
    return f"File to import not found: {pattern}"


def parse(
    text: str,
    *,
    file: str = "Corefile",
    environment: Mapping[str, str] | None = None,
    known: Collection[str] = (),
    load: Importer = no_files,
) -> tuple[tuple[ServerBlock, ...], tuple[CorefileProblem, ...]]:
    """Server blocks of a Corefile, or the first syntax error, where CoreDNS stops too.

    A directive that is not among `known` (empty: all are) is an error. `environment` fills `{$NAME}` and `{%NAME%}`.
    """
    parser = _Parser(tokenize(text, file), environment or {}, known, load)
    try:
        return parser.server_blocks(), ()
    except _ParseError as error:
        return (), (error.problem,)


class _Parser:
    """A cursor over tokens, into which imports are spliced."""

    def __init__(
        self, tokens: Iterable[Token], environment: Mapping[str, str], known: Collection[str], load: Importer
    ) -> None:
        self.tokens = list(tokens)
        self.at = 0
        self.environment = environment
        self.known = known
        self.load = load
        self.snippets: dict[str, list[Token]] = {}
        self.expansions = 0

    # The cursor.

    def _more(self) -> bool:
        return self.at < len(self.tokens)

    def _is(self, text: str) -> bool:
        return self._more() and self.tokens[self.at].text == text

    def _on_new_line(self) -> bool:
        """Whether the current token, not the first one, begins a line; the end does too."""
        if not self._more():
            return True
        before, here = self.tokens[self.at - 1], self.tokens[self.at]
        return before.file != here.file or before.line + before.text.count("\n") != here.line

    def _here(self) -> Token:
        """The current token, or the last one at the end."""
        return self.tokens[min(self.at, len(self.tokens) - 1)]

    def _take(self) -> str:
        text = substitute(self.tokens[self.at].text, self.environment)
        self.at += 1
        return text

    # The file: server blocks and snippets.

    def server_blocks(self) -> tuple[ServerBlock, ...]:
        blocks: list[ServerBlock] = []
        while self._more():
            start = self._here()
            if start.text == "import":
                self._import()
                continue
            keys = self._keys()
            if len(keys) == 1 and keys[0].startswith("(") and keys[0].endswith(")"):
                self._define_snippet(keys[0][1:-1])
                continue
            block = ServerBlock(keys, self._server_directives(), start.file, start.line)
            # CoreDNS passes over a block that is for no zone.
            blocks += [block] if keys else []
        return tuple(blocks)

    def _keys(self) -> tuple[str, ...]:
        """The addresses in front of a block: the rest of the line, and more lines after a comma."""
        keys: list[str] = []
        start, comma = self.at, False
        while self._more() and not self._is("{") and (self.at == start or comma or not self._on_new_line()):
            key = self._take()
            comma = key.endswith(",")
            keys += [key.removesuffix(",")] if key.removesuffix(",") else []
        if comma and not self._more():
            raise _ParseError(self._here(), "Unexpected EOF")
        if comma and self._is("{"):
            raise _ParseError(self._here(), "Expected another address but had '{' - check for extra comma")
        return tuple(keys)

    def _define_snippet(self, name: str) -> None:
        if name in self.snippets:
            raise _ParseError(self._here(), f"redeclaration of previously declared snippet {name}")
        if not self._is("{"):
            raise self._syntax_error("{")
        start, depth = self.at + 1, 0
        while self._more():
            depth += self._is("{") - self._is("}")
            self.at += 1
            if depth == 0:
                self.snippets[name] = self.tokens[start : self.at - 1]
                return
        raise self._syntax_error("}")

    def _syntax_error(self, expected: str) -> _ParseError:
        found = self._here().text if self._more() else ""
        return _ParseError(self._here(), f"Syntax error: Unexpected token '{found}', expecting '{expected}'")

    # A block: its directives, to the closing brace, or to the file's end if it has none.

    def _server_directives(self) -> tuple[Directive, ...]:
        braces = self._is("{")
        self.at += braces
        directives: list[Directive] = []
        while self._more() and not self._is("}"):
            if self._is("import"):
                self._import()
                continue
            name = substitute(self._here().text, self.environment)
            if self.known and name not in self.known:
                raise _ParseError(self._here(), f"Unknown directive '{name}'")
            directives.append(self._directive())
        if braces and not self._more():
            raise self._syntax_error("}")
        self.at += self._more()
        return tuple(directives)

    def _directive(self) -> Directive:
        start = self._here()
        name = self._take()
        args: list[str] = []
        block: tuple[Directive, ...] = ()
        while self._more() and not self._on_new_line():
            if self._is("{"):
                self.at += 1
                block = self._nested()
                break
            if self._is("}"):
                raise _ParseError(self._here(), "Unexpected '}' because no matching opening brace")
            args.append(self._take())
        return Directive(name, tuple(args), block, start.file, start.line)

    def _nested(self) -> tuple[Directive, ...]:
        """The lines of a plugin's block, behind its opening brace; leaves the cursor behind the closing one."""
        lines: list[Directive] = []
        while self._more() and not self._is("}"):
            if self._is("import"):
                self._import()
            else:
                lines.append(self._nested_line())
        if not self._more():
            raise _ParseError(self._here(), "Unexpected EOF")
        self.at += 1
        if not self._on_new_line() and not self._is("}"):
            raise _ParseError(
                self._here(), f"Wrong argument count or unexpected line ending after '{self._here().text}'"
            )
        return tuple(lines)

    def _nested_line(self) -> Directive:
        start = self._here()
        if start.text == "{":
            raise _ParseError(start, "Unexpected token '{', expecting argument")
        name = self._take()
        args: list[str] = []
        while self._more() and not self._on_new_line():
            if self._is("{"):
                self.at += 1
                return Directive(name, tuple(args), self._nested(), start.file, start.line)
            if self._is("}"):
                # CoreDNS reads a brace that closes on the line of an option as one more argument of that option.
                raise _ParseError(self._here(), "Wrong argument count or unexpected line ending after '}'")
            args.append(self._take())
        return Directive(name, tuple(args), (), start.file, start.line)

    # Imports.

    def _import(self) -> None:
        """Puts what is imported in the place of the `import` line that the cursor stands on."""
        start, where = self.at, self._here()
        self.at += 1
        args: list[str] = []
        while self._more() and not self._on_new_line():
            args.append(self._take())
        if not args:
            raise _ParseError(where, "Wrong argument count or unexpected line ending after 'import'")
        if len(args) > 1:
            raise _ParseError(where, "Import takes only one argument (glob pattern or file)")
        self.expansions += 1
        imported = self._imported(args[0], where)
        if self.expansions > MAX_EXPANSIONS or len(self.tokens) + len(imported) > MAX_TOKENS:
            raise _ParseError(where, f"maximum snippet import depth ({MAX_EXPANSIONS}) exceeded")
        self.tokens[start : self.at] = imported
        self.at = start

    def _imported(self, pattern: str, where: Token) -> list[Token]:
        if not pattern:
            raise _ParseError(where, "Import requires a non-empty filepath")
        if pattern in self.snippets:
            return self.snippets[pattern]
        loaded = self.load(pattern, where.file)
        if isinstance(loaded, str):
            raise _ParseError(where, loaded)
        return [token for file, text in loaded for token in tokenize(text, file)]
