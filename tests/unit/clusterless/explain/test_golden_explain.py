"""What `explain` prints of a small shop, letter by letter.

`GOLDEN=write pytest tests/unit/clusterless/explain` writes the files anew: read the difference then.
"""

import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from clusterless.cli import cli

FOLDER = Path(__file__).parent / "goldenexplain"

CASES = {
    "connected": "explain web.shop:80 --from cart",
    "short-circuited": "explain 10.240.0.5:30080 --from cart",
    "hangs": "explain 10.240.0.5:30080 --from external",
    "load-balancer": "explain 203.0.113.10:80 --from external",
    "source-range": "explain 203.0.113.10:80 --from 192.0.2.7",
    "headless": "explain web-headless:80 -n shop",
    "selector": "explain cart:80",
    "unknown": "explain cat:80",
    "outside": "explain www.example.com:443",
    "service": "explain svc/web -n shop",
    "service-unreachable": "explain cart",
    "json": "explain cart:80 -o json",
}


@pytest.mark.parametrize("name", CASES)
def test_an_explanation_reads_as_it_did(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(FOLDER)
    words = [*shlex.split(CASES[name]), "-f", "shop", "--corefile", "Corefile"]
    result = CliRunner().invoke(cli, words, prog_name="clusterless")
    text = f"$ clusterless {CASES[name]} -f shop\n{result.output}"
    path = FOLDER / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


def test_there_is_no_golden_explanation_of_nothing():
    assert {path.stem for path in FOLDER.glob("*.txt")} == CASES.keys()
