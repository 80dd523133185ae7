"""Every command of the documentation is run, and prints what its page shows."""

import re
from pathlib import Path

import pytest

from .docpages import ROOT, Reader, commands_of, matches

PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if any(commands_of(page.read_text().splitlines()))]


@pytest.mark.timeout(200)  # a page with many commands takes a quarter of a minute on a quiet machine
@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_a_page_shows_what_is_seen(page: Path, tmp_path: Path):
    lines = page.read_text().splitlines()
    reader = Reader(str(tmp_path))
    wrong = []
    try:
        for command in commands_of(lines):
            shown, seen = "\n".join(lines[command.first : command.end]), reader.types(command)
            if not matches(shown, seen):
                wrong.append(f"{command.host}$ {command.text}\n{seen}")
    finally:
        reader.close()
    assert not wrong, "\n".join(wrong)


def test_no_page_shows_the_name_servers_of_the_machine_where_it_was_written():
    """`explain` names the reader's own, for names that are none of the cluster's."""
    asked = {server for page in PAGES for server in re.findall(r"asked of ([0-9.]+)", page.read_text())}
    assert asked <= {"198.51.100.53"}  # the lab's
