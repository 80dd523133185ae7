"""docs/troubleshooting.md says of every finding what `explain` and `check` say of it."""

from pathlib import Path

import pytest

from clusterless.explain.findingids import FindingId
from clusterless.explain.findingtexts import FINDING_TEXTS

PAGE = (Path(__file__).parents[4] / "docs/troubleshooting.md").read_text()
SECTIONS = {section.split("\n", 1)[0]: section for section in PAGE.split("\n### ")[1:]}


@pytest.mark.parametrize("finding", FindingId)
def test_every_finding_has_a_section_in_its_own_words(finding: FindingId):
    text = FINDING_TEXTS[finding]
    section = SECTIONS[finding.value]
    assert text.title.casefold() in section.casefold()
    assert text.meaning in section
    assert text.change in section


def test_no_section_is_about_something_that_is_not_found():
    assert SECTIONS.keys() == {finding.value for finding in FindingId}
