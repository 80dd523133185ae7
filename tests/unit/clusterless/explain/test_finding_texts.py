"""The findings are one table, and each of its rows is somebody's."""

import re
from pathlib import Path

import pytest

from clusterless.explain.findingids import FindingId
from clusterless.explain.findingtexts import FINDING_TEXTS

ROOT = Path(__file__).parents[4]
SOURCES = "".join(
    path.read_text()
    for path in (ROOT / "clusterless/explain").glob("*.py")
    if path.stem not in ("findingids", "findingtexts")
)
SCENARIOS = "\n".join(path.read_text() for path in (ROOT / "tests/scenarios").rglob("*.scenario"))
TAUGHT = (ROOT / "tests/scenarios/teaching/expected.json").read_text()


def test_every_id_has_its_text_and_no_text_is_nobody_s():
    assert set(FINDING_TEXTS) == set(FindingId)


@pytest.mark.parametrize("found", FindingId)
def test_ids_are_words_with_hyphens_and_texts_are_sentences(found: FindingId):
    text = FINDING_TEXTS[found]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", found.value)
    assert text.title
    assert not text.title.endswith(".")
    assert text.meaning.endswith(".")
    assert text.change
    assert not text.change.endswith(".")


@pytest.mark.parametrize("found", FindingId)
def test_every_finding_is_found_in_some_scenario(found: FindingId):
    assert f"FindingId.{found.name}" in SOURCES
    named = re.search(rf"^findings:.*\b{found.value}(?![\w-])", SCENARIOS, re.MULTILINE)
    assert named or f'"{found.value}"' in TAUGHT
