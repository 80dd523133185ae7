"""docs/configuration.md says what the code does."""

from pathlib import Path

import pytest

from clusterless.cli import cli
from clusterless.commandline.reference import AGENTS, document
from clusterless.configuration.reload import AT_ONCE, AT_RESTART

PAGE = Path(__file__).parents[4] / "docs" / "configuration.md"


def test_the_page_is_what_the_code_says():
    assert PAGE.read_text() == document(), "make reference writes it"


@pytest.mark.parametrize("command", AGENTS)
def test_every_flag_of_an_agent_has_a_variable(command: str):
    assert [each.name for each in cli.commands[command].params if not each.envvar] == []


def test_every_field_that_does_something_says_what():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    for field in AT_ONCE | AT_RESTART:
        (row,) = (line for line in rows if line.startswith(f"| `{field}` |"))
        assert ("| at once |" in row) == (field in AT_ONCE)
