import pytest

from dns.corefile import Directive, ServerBlock, parse
from dns.corefiletokens import tokenize


def blocks(text, **options):
    found, problems = parse(text, **options)
    assert problems == ()
    return found


def problem(text, **options):
    found, problems = parse(text, **options)
    assert found == ()
    (only,) = problems
    return str(only)


def words(directive):
    """A directive without its lines: [name, args...], and its block if it has one."""
    block = [words(each) for each in directive.block]
    return [directive.name, *directive.args, *([block] if block else [])]


def plugins(text, **options):
    return [[words(each) for each in block.directives] for block in blocks(text, **options)]


def test_a_block_has_keys_directives_and_their_lines():
    text = ".:53 {\n    errors\n    health {\n        lameduck 5s\n    }\n}\n"
    lameduck = Directive("lameduck", ("5s",), (), "Corefile", 4)
    assert blocks(text) == (
        ServerBlock(
            (".:53",),
            (Directive("errors", (), (), "Corefile", 2), Directive("health", (), (lameduck,), "Corefile", 3)),
            "Corefile",
            1,
        ),
    )


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("a b {\n}", ("a", "b")),
        ("a, b {\n}", ("a", "b")),
        ("a,\nb {\n}", ("a", "b")),
        ("a\n{\n}", ("a",)),
        ("dns://cluster.local:5353 10.0.0.0/24 {\n}", ("dns://cluster.local:5353", "10.0.0.0/24")),
        ("{$ZONE}:{%PORT%} {\n}", ("cluster.local:53",)),
        (".", (".",)),
    ],
)
def test_keys_are_on_one_line_or_go_on_after_a_comma(text, keys):
    (block,) = blocks(text, environment={"ZONE": "cluster.local", "PORT": "53"})
    assert block.keys == keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (". {\n}", []),
        (". { }", []),
        (".\nerrors\nlog", [["errors"], ["log"]]),
        (". {\n log . {common} # why\n}", [["log", ".", "{common}"]]),
        ('. {\n log "a b" "say \\"x\\"" "#"\n}', [["log", "a b", 'say "x"', "#"]]),
        ('. {\n log "two\nlines" x\n errors\n}', [["log", "two\nlines", "x"], ["errors"]]),
        (". {\n forward . {$UP}:53 {%UP%} {$NONE}\n}", [["forward", ".", "192.0.2.1:53", "192.0.2.1", ""]]),
        (
            ". {\n prometheus {\n  tls a b {\n   min 1\n  }\n  }\n}",
            [["prometheus", [["tls", "a", "b", [["min", "1"]]]]]],
        ),
        (". {\n health {\n }\n}", [["health"]]),
        (". {\n {$NAME}\n}", [["errors"]]),
        (". {\n log {$\n}", [["log", "{$"]]),
        (". {\n log {$}\n}", [["log", "{$}"]]),
        ('. {\n log "open', None),
    ],
)
def test_directives_have_arguments_and_blocks(text, expected):
    environment = {"UP": "192.0.2.1", "NAME": "errors"}
    if expected is None:
        assert "expecting '}'" in problem(text, environment=environment)
    else:
        assert plugins(text, environment=environment) == [expected]


def test_an_environment_value_that_looks_like_a_reference_is_not_replaced_again():
    assert plugins(". {\n log {$A}\n}", environment={"A": "{$A}{$B}", "B": "b"}) == [[["log", "{$A}{$B}"]]]


def test_blocks_follow_each_other():
    assert [block.keys for block in blocks("a {\n}\nb:5353 {\n errors\n}\n")] == [("a",), ("b:5353",)]


def test_a_block_without_keys_is_passed_over():
    assert [block.keys for block in blocks('{\n errors\n}\na {\n}\n"" {\n}')] == [("a",)]


def test_an_empty_file_serves_nothing():
    assert blocks("# nothing\n\n") == ()


def test_snippets_are_imported_into_blocks_directives_and_files():
    text = (
        "(common) {\n errors\n log\n}\n(options) {\n lameduck 5s\n}\n(more) {\n import common\n ready\n}\n"
        "a {\n import more\n health {\n  import options\n }\n}\n"
    )
    assert plugins(text) == [[["errors"], ["log"], ["ready"], ["health", [["lameduck", "5s"]]]]]


def test_files_are_imported_where_the_line_stands():
    files = {
        "more.conf": (("more.conf", "errors\nlog\n"),),
        "sites": (("sites/a", "a {\n}\n"), ("sites/b", "b {\n}\n")),
    }

    def load(pattern, importing):
        assert importing == "Corefile"
        return files.get(pattern, f"File to import not found: {pattern}")

    assert plugins(". {\n import more.conf\n ready\n}", load=load) == [[["errors"], ["log"], ["ready"]]]
    assert [block.keys for block in blocks("import sites\nc {\n}", load=load)] == [("a",), ("b",), ("c",)]
    assert problem(". {\n import gone\n}", load=load) == (
        "Corefile:2 - Error during parsing: File to import not found: gone"
    )


def test_errors_in_imported_files_name_them():
    load = lambda *_: (("more.conf", "errors\nfoo\n"),)  # noqa: E731
    text = ". {\n import more.conf\n}"
    assert problem(text, load=load, known={"errors"}) == ("more.conf:2 - Error during parsing: Unknown directive 'foo'")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (". {\n errors\n foo\n}", "Corefile:3 - Error during parsing: Unknown directive 'foo'"),
        (". {\n errors", "Corefile:2 - Syntax error: Unexpected token '', expecting '}'"),
        (". {\n errors {\n }", "Corefile:3 - Syntax error: Unexpected token '', expecting '}'"),
        (". {\n errors {", "Corefile:2 - Error during parsing: Unexpected EOF"),
        (". {\n errors { a", "Corefile:2 - Error during parsing: Unexpected EOF"),
        (". {\n errors {\n { \n}\n}", "Corefile:3 - Error during parsing: Unexpected token '{', expecting argument"),
        (". {\n errors }\n", "Corefile:2 - Error during parsing: Unexpected '}' because no matching opening brace"),
        (
            ". {\n errors {\n a b }\n}",
            "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after '}'",
        ),
        (
            ". {\n errors {\n } x\n}",
            "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'x'",
        ),
        ("a,", "Corefile:1 - Error during parsing: Unexpected EOF"),
        (
            "a, {\n}",
            "Corefile:1 - Error during parsing: Expected another address but had '{' - check for extra comma",
        ),
        ("(x) {\n}\n(x) {\n}", "Corefile:3 - Error during parsing: redeclaration of previously declared snippet x"),
        ("(x)\nerrors", "Corefile:2 - Syntax error: Unexpected token 'errors', expecting '{'"),
        ("(x) {\n errors", "Corefile:2 - Syntax error: Unexpected token '', expecting '}'"),
        (
            ". {\n import\n}",
            "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'import'",
        ),
        ('. {\n import ""\n}', "Corefile:2 - Error during parsing: Import requires a non-empty filepath"),
        (
            ". {\n import a b\n}",
            "Corefile:2 - Error during parsing: Import takes only one argument (glob pattern or file)",
        ),
        (". {\n import a\n}", "Corefile:2 - Error during parsing: File to import not found: a"),
        (
            "(x) {\n import x\n}\n. {\n import x\n}",
            "Corefile:2 - Error during parsing: maximum snippet import depth (1000) exceeded",
        ),
    ],
)
def test_mistakes_are_told_in_the_words_of_coredns_with_file_and_line(text, expected):
    assert problem(text, known={"errors"}) == expected


def test_snippets_that_grow_are_stopped():
    doubling = "".join(f"(s{n}) {{\n import s{n - 1}\n import s{n - 1}\n}}\n" for n in range(1, 40))
    assert "exceeded" in problem(f"(s0) {{\n errors\n}}\n{doubling}. {{\n import s39\n}}")


def test_tokens_know_their_lines():
    found = [(token.text, token.line) for token in tokenize('a\r\n "b\nc" d#e\n\tf', "x")]
    assert found == [("a", 1), ("b\nc", 2), ("d", 3), ("f", 4)]
