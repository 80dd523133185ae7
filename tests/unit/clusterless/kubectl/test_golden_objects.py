"""What `get` and `describe` print of the manifests in configs/, letter by letter.

`GOLDEN=write pytest tests/unit/clusterless/kubectl` writes the files anew: read the difference then.
"""

import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from clusterless.cli import cli

ROOT = Path(__file__).parents[4]
FOLDER = Path(__file__).parent / "golden"

CASES = {
    "get-services": "get svc",
    "get-services-wide": "get svc -o wide",
    "get-services-everywhere": "get svc -A --show-labels",
    "get-several-kinds": "get svc,pods -l app=example-app",
    "get-service-and-endpoints": "get svc,ep,endpointslices",
    "get-all": "get all",
    "get-pods-wide": "get po -o wide",
    "get-nodes-wide": "get no -o wide -L topology.kubernetes.io/zone",
    "get-namespaces": "get ns",
    "get-events": "get ev",
    "get-names": "get svc,po -o name",
    "get-missing": "get svc web nowhere",
    "get-service-yaml": "get svc example-loadbalancer -o yaml",
    "get-service-json": "get svc web -o json",
    "get-slices-yaml": "get endpointslices -l kubernetes.io/service-name=db -o yaml",
    "get-jsonpath": """get svc -o 'jsonpath={range .items[*]}{.metadata.name}{"\\t"}{.spec.type}{"\\n"}{end}'""",
    "get-custom-columns": "get po -o custom-columns=NAME:.metadata.name,NODE:spec.nodeName --sort-by=.status.podIP",
    "describe-services": "describe svc",
    "describe-slices": "describe endpointslices -l kubernetes.io/service-name=db",
    "describe-endpoints": "describe ep web",
    "describe-pods": "describe po db-",
    "describe-nodes": "describe nodes",
    "describe-namespace": "describe ns default",
}


@pytest.mark.parametrize("name", CASES)
def test_output_is_as_it_was(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    words = shlex.split(CASES[name])
    result = CliRunner().invoke(cli, [*words, "-f", "configs/manifests"], prog_name="clusterless")
    text = f"$ clusterless {CASES[name]} -f configs/manifests\n{result.output}"
    path = FOLDER / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


def test_there_is_no_golden_file_of_nothing():
    assert {path.stem for path in FOLDER.iterdir()} == CASES.keys()
