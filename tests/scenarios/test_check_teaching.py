"""What `check` says of manifests that are legal and surely not meant.

`GOLDEN=write pytest tests/scenarios/test_check_teaching.py` writes the expected files anew: read the difference then.
"""

import json
import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "teaching"
RANGE = "--load-balancer-ip-range=203.0.113.0/24"
TEACHING = ("check", "-f", "tests/scenarios/teaching", RANGE)


def as_expected(name, text):
    if os.environ.get("GOLDEN") == "write":
        (FOLDER / name).write_text(text)
    return text == (FOLDER / name).read_text()


def test_each_warning_says_where_and_what_to_change(clusterless):
    done = clusterless(*TEACHING)
    assert as_expected("expected.txt", done.stdout)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_same_is_told_to_programs(clusterless):
    done = clusterless(*TEACHING, "-o", "json")
    assert as_expected("expected.json", done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["apiVersion"], report["kind"]) == ("clusterless/v1", "CheckReport")
    assert report["warnings"] == len(report["problems"])
    first = report["problems"][0]
    assert (first["id"], first["line"], first["path"]) == ("selector-matches-nothing", 7, "spec.selector")


def test_strict_makes_warnings_fail(clusterless):
    assert clusterless(*TEACHING, "--strict").returncode == 1
    assert clusterless("check", "-f", "configs/manifests/clusterip.yaml", "--strict").returncode == 0


def test_errors_are_in_the_report_with_the_reasons_of_the_api_server(clusterless):
    done = clusterless("check", "-f", "tests/scenarios/broken/09-port-range.yaml", "-o", "json")
    problem = json.loads(done.stdout)["problems"][0]
    assert (problem["severity"], problem["reason"], problem["id"]) == ("error", "Invalid", "")
    assert problem["text"] == f'The Service "{problem["object"]["name"]}" is invalid: {problem["message"]}'
    assert done.returncode == 1


@pytest.mark.parametrize("application", ["bakery", "noticeboard", "observatory"])
def test_nothing_is_taught_about_applications_that_are_well(clusterless, application):
    done = clusterless("check", "-f", f"tests/scenarios/apps/{application}.yaml", "--strict", RANGE)
    assert (done.returncode, json.dumps(done.stderr)) == (0, '""')
