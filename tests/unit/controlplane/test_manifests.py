"""Files, folders and standard input, read again and again."""

import io
import os

import pytest

from controlplane import manifests_files, manifests_reading
from controlplane.manifests import ManifestReader
from controlplane.manifests_chunks import Parsed
from controlplane.problems import kubectl_text, render

BROKEN = "kind: Service\nspec:\n  a: b: c\n"


def service(name: str) -> str:
    return f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n"


def names(reading):
    return [document.raw["metadata"]["name"] for document in reading.documents]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def without_privilege(here):
    """Root may read everything, so that such a test is somebody else; names relative to `here` are still found."""
    here.chmod(0o755)
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def reader():
    return ManifestReader()


def test_a_file_holds_several_documents_with_their_number_and_line(here, reader):
    (here / "web.yaml").write_text("# two\n" + service("a") + "---\n# nothing\n---\n\n" + service("b"))
    reading = reader.read(["web.yaml"])
    assert reading.problems == ()
    assert [(d.source, d.index, d.line) for d in reading.documents] == [("web.yaml", 0, 2), ("web.yaml", 1, 10)]
    assert reading.documents[1].locate("metadata.name").line == 13


def test_items_of_a_list_count_on(here, reader):
    items = "kind: List\nitems:\n- {kind: Pod}\n- {kind: Pod}\n"
    (here / "web.yaml").write_text(items + "---\n" + service("a"))
    assert [document.index for document in reader.read(["web.yaml"]).documents] == [0, 1, 2]


def test_a_folder_is_read_with_all_folders_in_it_in_the_order_of_names(here, reader):
    for path in ("b.yaml", "a/z.yml", "a/b/c.json", "c.yaml", "a.yaml"):
        (here / "all" / path).parent.mkdir(parents=True, exist_ok=True)
        text = (
            '{"kind": "Pod", "metadata": {"name": "%s"}}'
            if path.endswith("json")
            else "kind: Pod\nmetadata: {name: %s}"
        )
        (here / "all" / path).write_text(text % path)
    (here / "all" / "notes.txt").write_text("no manifest")
    (here / "all" / ".hidden.yaml").write_text(service("hidden"))
    reading = reader.read(["all"])
    assert names(reading) == ["a/b/c.json", "a/z.yml", "a.yaml", "b.yaml", "c.yaml"]
    assert [d.source for d in reading.documents][:2] == ["all/a/b/c.json", "all/a/z.yml"]
    assert names(reader.read(["all/"])) == names(reading)


def test_the_folder_one_is_in_is_not_part_of_the_names(here, reader):
    (here / "web.yaml").write_text(service("a"))
    assert [document.source for document in reader.read(["."]).documents] == ["web.yaml"]


def test_a_file_that_was_named_may_have_any_name(here, reader):
    (here / ".web.txt").write_text(service("a"))
    assert names(reader.read([".web.txt"])) == ["a"]


def test_a_file_that_is_named_twice_is_read_once(here, reader):
    (here / "web.yaml").write_text(service("a"))
    assert names(reader.read(["web.yaml", ".", "./web.yaml"])) == ["a"]


def test_a_configmap_volume_is_read_once_and_followed_when_it_changes(here, reader):
    for version, name in (("..1", "old"), ("..2", "new")):
        (here / "volume" / version / "sub").mkdir(parents=True)
        (here / "volume" / version / "web.yaml").write_text(service(name))
        (here / "volume" / version / "sub" / "more.yaml").write_text(service(f"more-{name}"))
    data = here / "volume" / "..data"
    data.symlink_to("..1")
    (here / "volume" / "web.yaml").symlink_to("..data/web.yaml")
    (here / "volume" / "sub").symlink_to("..data/sub")
    assert names(reader.read(["volume"])) == ["more-old", "old"]
    (here / "volume" / "..data_tmp").symlink_to("..2")
    (here / "volume" / "..data_tmp").rename(data)
    assert names(reader.read(["volume"])) == ["more-new", "new"]


def test_links_to_folders_above_end(here, reader):
    (here / "all").mkdir()
    (here / "all" / "web.yaml").write_text(service("a"))
    (here / "all" / "again").symlink_to("..")
    assert reader.read(["all"]).problems == ()


def test_standard_input_is_read_once_and_kept():
    reader = ManifestReader(io.StringIO(service("a")))
    assert names(reader.read(["-"])) == ["a"]
    (document,) = reader.read(["-"]).documents
    assert document.source == "-"


def test_kubectl_calls_standard_input_by_name():
    (problem,) = ManifestReader(io.StringIO(BROKEN)).read(["-"]).problems
    assert kubectl_text(problem).startswith("error: error parsing STDIN: ")
    assert problem.location == "-:3:7"


def test_a_pipe_is_read_once_and_kept(here, reader):
    read_end, write_end = os.pipe()
    os.write(write_end, service("a").encode())
    os.close(write_end)
    path = f"/proc/self/fd/{read_end}"
    try:
        assert names(reader.read([path])) == ["a"]
        assert names(reader.read([path])) == ["a"]
    finally:
        os.close(read_end)


def test_what_did_not_change_is_the_same_document(here, reader):
    (here / "web.yaml").write_text(service("a") + "---\n" + service("b") + "---\n" + service("c"))
    before = reader.read(["web.yaml"]).documents
    assert all(one is other for one, other in zip(reader.read(["web.yaml"]).documents, before, strict=True))
    (here / "web.yaml").write_text(service("a") + "---\n" + service("x") + "---\n" + service("c"))
    after = reader.read(["web.yaml"]).documents
    assert [one is other for one, other in zip(after, before, strict=True)] == [True, False, True]


def test_a_document_that_moved_is_found_where_it_is_now(here, reader):
    (here / "web.yaml").write_text(service("a"))
    before = reader.read(["web.yaml"]).documents[0]
    (here / "web.yaml").write_text(service("new") + "---\n" + service("a"))
    after = reader.read(["web.yaml"]).documents[1]
    assert after.digest == before.digest
    assert (after.index, after.locate("kind").line) == (1, 7)


def test_only_the_chunk_that_changed_is_parsed_again(here, reader, monkeypatch):
    (here / "web.yaml").write_text("---\n".join(service(f"s{i}") for i in range(50)))
    reader.read(["web.yaml"])
    parsed = []
    monkeypatch.setattr(manifests_reading, "parse_chunk", lambda text: parsed.append(text) or Parsed())
    (here / "web.yaml").write_text("---\n".join(service(f"s{i}" if i != 7 else "seven") for i in range(50)))
    reader.read(["web.yaml"])
    assert parsed == [service("seven")]


def test_a_file_that_does_not_parse_keeps_its_last_good_documents(here, reader):
    (here / "web.yaml").write_text(service("a") + "---\n" + service("b"))
    reader.read(["web.yaml"])
    (here / "web.yaml").write_text(service("c") + "---\n" + BROKEN)
    reading = reader.read(["web.yaml"])
    assert names(reading) == ["a", "b"]
    assert render(reading.problems) == [
        "web.yaml:8:7: error: error parsing web.yaml: error converting YAML to JSON: "
        "yaml: line 3: mapping values are not allowed in this context",
        "    hint: a value that holds `: ` needs quotes",
    ]
    assert reading.unreadable == {"web.yaml"}
    (here / "web.yaml").write_text(service("c"))
    reading = reader.read(["web.yaml"])
    assert (names(reading), reading.problems) == (["c"], ())


class WritersClock:
    """For whom the file was changed ten milliseconds ago; it is written while somebody waits, if it is empty.

    It goes on while somebody waits, and else it stands.
    """

    def __init__(self, path, text):
        self._path, self._text = path, text
        self._now = path.stat().st_mtime + 0.01

    def time(self):
        return self._now

    def monotonic(self):
        return self._now

    def sleep(self, seconds):
        self._now += seconds + 0.001  # who sleeps wakes up a little later
        if not self._path.read_text():
            self._path.write_text(self._text)
            os.utime(self._path, (self._now, self._now))


def test_a_file_that_is_emptied_first_and_written_then_is_not_read_in_between(here, reader, monkeypatch):
    web = here / "web.yaml"
    web.write_text(service("a"))
    reader.read(["web.yaml"])
    web.write_text("")
    monkeypatch.setattr(manifests_files, "time", WritersClock(web, service("b")))
    assert names(reader.read(["web.yaml"])) == ["b"]


def test_a_file_that_stays_empty_holds_nothing(here, reader):
    (here / "web.yaml").write_text(service("a"))
    reader.read(["web.yaml"])
    (here / "web.yaml").write_text("")
    assert names(reader.read(["web.yaml"])) == []


def test_the_good_documents_of_a_file_that_never_parsed_are_delivered(here, reader):
    (here / "web.yaml").write_text("---\n".join([*(service(f"s{i}") for i in range(9)), BROKEN]))
    reading = reader.read(["web.yaml"])
    assert names(reading) == [f"s{i}" for i in range(9)]
    (problem,) = reading.problems
    assert (problem.line, problem.document) == (48, 9)


def test_a_separator_that_kubectl_refuses_is_a_problem_of_the_file(here, reader):
    (here / "web.yaml").write_text(service("a") + "--- {kind: Pod}\n" + service("b"))
    reading = reader.read(["web.yaml"])
    assert names(reading) == ["a", "b"]
    assert render(reading.problems)[0] == (
        "web.yaml:5:1: error: error parsing web.yaml: invalid Yaml document separator: {kind: Pod}"
    )


def test_a_document_that_is_no_object_is_told_in_kubectls_words(here, reader):
    (here / "web.yaml").write_text("hello\n")
    (problem,) = reader.read(["web.yaml"]).problems
    assert kubectl_text(problem) == (
        'error: error validating "web.yaml": error validating data: invalid object to validate; '
        "if you choose to ignore these errors, turn validation off with --validate=false"
    )


def test_a_path_that_never_existed_is_told(here, reader):
    (problem,) = reader.read(["no.yaml"]).problems
    assert kubectl_text(problem) == 'error: the path "no.yaml" does not exist'
    assert problem.hint == ""


@pytest.mark.parametrize("named", ["all", "all/web.yaml"])
def test_a_path_that_is_gone_keeps_its_last_state(here, reader, named):
    (here / "all").mkdir()
    (here / "all" / "web.yaml").write_text(service("a"))
    reader.read([named])
    (here / "all" / "web.yaml").unlink()
    (here / "all").rmdir()
    reading = reader.read([named])
    assert names(reading) == ["a"]
    assert [kubectl_text(problem) for problem in reading.problems] == [f'error: the path "{named}" does not exist']
    assert reading.problems[0].hint == "what it held when it was last read stays in force"
    (here / "all").mkdir()
    (here / "all" / "web.yaml").write_text(service("b"))
    reading = reader.read([named])
    assert (names(reading), reading.problems) == (["b"], ())


def test_a_file_inside_a_folder_that_is_gone_is_gone(here, reader):
    (here / "all").mkdir()
    (here / "all" / "a.yaml").write_text(service("a"))
    (here / "all" / "b.yaml").write_text(service("b"))
    reader.read(["all"])
    (here / "all" / "a.yaml").unlink()
    reading = reader.read(["all"])
    assert (names(reading), reading.problems) == (["b"], ())


def test_a_folder_without_manifests_is_told(here, reader):
    (here / "all").mkdir()
    (problem,) = reader.read(["all"]).problems
    assert kubectl_text(problem) == "error: error reading [all]: recognized file extensions are [.json .yaml .yml]"


def test_a_file_that_is_not_utf_8_is_told_with_its_line(here, reader):
    (here / "web.yaml").write_bytes(b"kind: Pod\nmetadata: {name: \xe9}\n")
    (problem,) = reader.read(["web.yaml"]).problems
    assert problem.location == "web.yaml:2"
    assert problem.hint == "save the file as UTF-8"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_are_heeded(here, reader, encoding):
    (here / "web.yaml").write_bytes(service("ä").encode(encoding))
    assert names(reader.read(["web.yaml"])) == ["ä"]


def test_line_ends_of_other_systems_are_no_content(here, reader):
    (here / "web.yaml").write_bytes((service("a") + "---\n" + service("b")).replace("\n", "\r\n").encode())
    reading = reader.read(["web.yaml"])
    assert names(reading) == ["a", "b"]
    assert reading.documents[1].locate("metadata.name").line == 9


def test_a_file_that_is_too_large_is_told(here, reader):
    with open("web.yaml", "wb") as file:
        file.truncate(64 * 2**20 + 1)
    (problem,) = reader.read(["web.yaml"]).problems
    assert kubectl_text(problem) == "error: error parsing web.yaml: larger than 64 MiB"


def test_too_many_documents_are_told(here, reader):
    (here / "web.yaml").write_text("a: 1\n---\n" * 100_001)
    reading = reader.read(["web.yaml"])
    assert [problem.message for problem in reading.problems] == ["error parsing web.yaml: more than 100000 documents"]


def test_a_file_that_may_not_be_read_keeps_its_documents(here, reader, request):
    (here / "web.yaml").write_text(service("a"))
    reader.read(["web.yaml"])
    (here / "web.yaml").chmod(0)
    request.getfixturevalue("without_privilege")
    reading = reader.read(["web.yaml"])
    assert names(reading) == ["a"]
    assert [kubectl_text(problem) for problem in reading.problems] == ["error: open web.yaml: permission denied"]


@pytest.mark.parametrize("folder", ["all", "all/sub"])
def test_a_folder_that_may_not_be_read_keeps_its_files(here, reader, request, folder):
    (here / "all" / "sub").mkdir(parents=True)
    (here / "all" / "sub" / "web.yaml").write_text(service("a"))
    reader.read(["all"])
    (here / folder).chmod(0)
    request.getfixturevalue("without_privilege")
    reading = reader.read(["all"])
    assert names(reading) == ["a"]
    assert f"error: open {folder}: permission denied" in [kubectl_text(problem) for problem in reading.problems]


def test_a_loop_of_links_is_told(here, reader):
    (here / "web.yaml").symlink_to("web.yaml")
    reading = reader.read(["web.yaml"])
    assert [kubectl_text(problem) for problem in reading.problems] == [
        "error: open web.yaml: too many levels of symbolic links"
    ]


def test_a_mistake_that_is_not_the_users_is_not_hidden(here, reader):
    with pytest.raises(ValueError, match="null"):
        reader.read(["web\0.yaml"])
