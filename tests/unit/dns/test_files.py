import pytest

from dns.files import read_corefile, read_text, read_upstreams
from dns.plugins.errors import Errors
from dns.plugins.forward import Forward, Upstream
from dns.plugins.log import Log


@pytest.fixture
def corefile(tmp_path):
    """Writes files, `Corefile` among them, and reads the Corefile."""

    def corefile(**files):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return read_corefile(tmp_path / "Corefile", {"UP": "192.0.2.1"})

    return corefile


def test_a_corefile_is_read_with_its_imports_and_the_environment(corefile):
    config, problems = corefile(
        Corefile=". {\n import *.conf\n import one\n forward . {$UP}\n}\n",
        **{"a.conf": "errors\n", "b.conf": "", "one": "log"},
    )
    assert problems == ()
    (server,) = config.servers
    assert set(server.plugins) == {Errors, Log, Forward}
    assert server.get(Forward).rules[0].upstreams == (Upstream("192.0.2.1"),)


def test_a_pattern_that_matches_nothing_imports_nothing(corefile):
    config, problems = corefile(Corefile=". {\n import *.none\n}\n")
    assert (config.servers[0].plugins, problems) == ({}, ())


def test_mistakes_name_the_file_that_they_are_in(corefile, tmp_path):
    config, problems = corefile(Corefile=". {\n import more\n}\n", more="errors\nfoo\n")
    assert config is None
    assert [str(each) for each in problems] == [f"{tmp_path}/more:2 - Error during parsing: Unknown directive 'foo'"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("gone", "File to import not found: gone"),
        ("a*b*", "Glob pattern may only contain one wildcard (*), but has others: {folder}/a*b*"),
        ("[ab]", "Glob pattern may only contain one wildcard (*), but has others: {folder}/[ab]"),
        ("folder", "Could not import {folder}/folder: it cannot be read"),
    ],
)
def test_imports_that_cannot_be_are_refused(corefile, tmp_path, pattern, message):
    (tmp_path / "folder").mkdir()
    config, (problem,) = corefile(Corefile=f". {{\n import {pattern}\n}}\n")
    assert (config, problem.line, problem.message) == (None, 2, message.format(folder=tmp_path))


def test_a_file_that_imports_itself_is_stopped(corefile):
    config, (problem,) = corefile(Corefile=". {\n import more\n}\n", more="import more\n")
    assert (config, problem.message) == (None, "maximum snippet import depth (1000) exceeded")


def test_a_corefile_that_is_not_there_is_an_error(tmp_path):
    config, (problem,) = read_corefile(tmp_path / "Corefile", {})
    assert (config, str(problem)) == (None, f"Corefile '{tmp_path}/Corefile' cannot be read")


def test_upstreams_are_read_from_a_resolv_conf(tmp_path, caplog):
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.1\n")
    assert read_upstreams(str(tmp_path / "resolv.conf")) == (Upstream("192.0.2.1"),)
    assert caplog.messages == []
    assert read_upstreams(str(tmp_path / "gone")) == ()
    assert caplog.messages == ["resolv.conf cannot be read"]


def test_no_more_of_a_file_is_read_than_asked_for(tmp_path):
    (tmp_path / "file").write_bytes(b"\xff" + b"a" * 100)
    assert read_text(tmp_path / "file", 3) == "\ufffdaa"
    assert read_text(tmp_path / "file" / "below") is None
