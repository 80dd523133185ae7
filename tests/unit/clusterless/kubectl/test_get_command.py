"""`get`, `describe`, `completion` and `version` as commands: what is refused, where it is told, and exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clusterless.cli import cli

MANIFESTS = """
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web, tier: front}}
spec: {clusterIP: 10.96.1.1, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: prod, labels: {app: db}}
spec: {clusterIP: 10.96.1.2, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-0}
spec: {containers: [{name: web, image: web}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1}
spec: {containers: [{name: web, image: web}]}
"""
BROKEN = """
apiVersion: v1
kind: Service
metadata: {name: broken}
spec: {ports: [{port: 70000}]}
"""


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    path = tmp_path / "all.yaml"
    path.write_text(MANIFESTS)
    return path


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=variables, prog_name="clusterless")


def lines(path: Path, *arguments: str) -> list[str]:
    result = run(*arguments, "-f", str(path))
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("as_kubectl_takes_it", "plainly"),
    [
        ("get svc -o=name -n=prod", "get svc -o name -n prod"),
        ("get svc -o=jsonpath={.items[?(@.spec.type=='x')]}", "get svc -o jsonpath={.items[?(@.spec.type=='x')]}"),
        ("get svc -l=app=web", "get svc -l app=web"),
        ("get svc -A --no-headers=true --show-labels=1", "get svc -A --no-headers --show-labels"),
        ("get svc -A=false --watch=false -w=F", "get svc"),
        ("describe svc web --show-events=false", "describe svc web --no-show-events"),
        ("describe svc web --show-events=true", "describe svc web"),
        ("events -A=true", "events -A"),
    ],
)
def test_flags_may_be_written_as_for_kubectl(as_kubectl_takes_it: str, plainly: str, manifests: Path):
    assert lines(manifests, *as_kubectl_takes_it.split()) == lines(manifests, *plainly.split())


@pytest.mark.parametrize("flag", ["--watch=maybe", "--nothing=true", "-w=maybe"])
def test_a_switch_that_is_neither_on_nor_off_is_wrong_usage(flag: str, manifests: Path):
    assert run("get", "svc", flag, "-f", str(manifests)).exit_code == 2


def test_headings_may_be_left_out_and_labels_be_columns(manifests: Path):
    shown = lines(manifests, "get", "svc", "--no-headers", "-Lapp,tier", "-A", "-lapp")
    assert shown == [
        "default web ClusterIP 10.96.1.1 <none> 80/TCP <unknown> web front",
        "prod db ClusterIP 10.96.1.2 <none> 5432/TCP <unknown> db",
    ]


def test_a_slice_that_names_no_service_is_shown(tmp_path: Path):
    kind = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\n"
    pieces = (f"{kind}metadata: {{name: {name}, namespace: shop}}\n" for name in ("one", "another"))
    (tmp_path / "all.yaml").write_text("---\n".join(pieces))
    assert lines(tmp_path, "get", "endpointslices", "-n", "shop", "-o", "name") == [
        "endpointslice.discovery.k8s.io/another",
        "endpointslice.discovery.k8s.io/one",
    ]
    assert lines(tmp_path, "get", "namespace", "shop", "-o", "name") == ["namespace/shop"]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("app=web", ["service/web"]),
        ("app in (web, db),tier", ["service/web"]),
        ("app,!tier", ["service/db"]),
        ("app!=web,app", ["service/db"]),
    ],
)
def test_selectors(selector: str, names: list[str], manifests: Path):
    assert lines(manifests, "get", "svc", "-A", "-l", selector, "-o", "name") == names


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("metadata.namespace=prod", ["service/db"]),
        ("spec.clusterIP=10.96.1.1", ["service/web"]),
        ("spec.type!=ClusterIP", []),
    ],
)
def test_field_selectors(selector: str, names: list[str], manifests: Path):
    assert lines(manifests, "get", "svc", "-A", "--field-selector", selector, "-o", "name") == names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["get"], "error: Required resource not specified: one of "),
        (["get", "deploy"], 'error: the server doesn\'t have a resource type "deploy"'),
        (["get", "svc", "web", "-A"], "error: a resource cannot be retrieved by name across all namespaces"),
        (["get", "svc", "web", "-l", "a=b"], "error: name cannot be provided when a selector is specified"),
        (["get", "svc", "-l", "a b"], "error: unable to parse requirement: "),
        (["get", "svc", "web", "--field-selector", "a=b"], "error: name cannot be provided when a selector is"),
        (["get", "po", "--field-selector", "spec.x=b"], "error: field label not supported: spec.x"),
        (["get", "svc", "-o", "xml"], "error: unable to match a printer suitable for the output format"),
        (["get", "svc", "-o", "go-template={{.}}"], 'error: output format "go-template" is not supported'),
        (["get", "svc", "-o", "jsonpath={.a"], "error: error parsing jsonpath {.a, unclosed action"),
        (["get", "svc", "--sort-by", ".nowhere"], "error: couldn't find any field with path"),
        (["get", "svc,po", "-w"], "error: watch is only supported on individual resources"),
        (["get", "svc", "nowhere"], 'Error from server (NotFound): services "nowhere" not found'),
        (["get", "svc", "nowhere", "-w"], 'Error from server (NotFound): services "nowhere" not found'),
        (["describe", "svc", "nowhere"], 'Error from server (NotFound): services "nowhere" not found'),
        (["describe", "events"], 'error: no description has been implemented for "Event"'),
    ],
)
def test_what_is_refused_is_told_on_stderr_with_exit_code_1(arguments: list[str], message: str, manifests: Path):
    result = run(*arguments, "-f", str(manifests))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(message)


def test_ranges_that_cannot_be_are_wrong_usage(manifests: Path):
    result = run("get", "svc", "-f", str(manifests), "--cluster-cidr", "10")
    assert result.exit_code == 2
    assert "--cluster-cidr 10: must be a valid CIDR value" in result.stderr


def test_names_that_are_there_are_shown_beside_those_that_are_not(manifests: Path):
    result = run("get", "svc", "web", "nowhere", "-o", "name", "-f", str(manifests))
    assert (result.exit_code, result.stdout) == (1, "service/web\n")
    assert result.stderr == 'Error from server (NotFound): services "nowhere" not found\n'
    result = run("get", "svc", "web", "nowhere", "--ignore-not-found", "-o", "name", "-f", str(manifests))
    assert (result.exit_code, result.output) == (0, "service/web\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["get", "ep"], "No resources found in default namespace.\n"),
        (["get", "ep", "-A"], "No resources found\n"),
        (["get", "po,ep", "-n", "prod"], "No resources found in prod namespace.\n"),
        (["get", "nodes", "-l", "nobody"], "No resources found\n"),
        (["describe", "ep"], "No resources found in default namespace.\n"),
    ],
)
def test_nothing_is_told_on_stderr_and_is_no_error(arguments: list[str], text: str, tmp_path: Path):
    path = tmp_path / "web.yaml"
    path.write_text(BROKEN.replace("70000", "80"))
    selector = ["-l", "!k8s-app"] if "-A" in arguments else []
    result = run(*arguments, *selector, "-f", str(path))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", text)


def test_a_variable_may_name_several_files(manifests: Path):
    other = manifests.parent / "an other.yaml"
    other.write_text(BROKEN.replace("70000", "80"))
    shown = run("get", "svc", "-o", "name", CLUSTERLESS_FILENAME=f"{manifests}:{other}").stdout.split()
    assert shown == ["service/broken", "service/kubernetes", "service/web"]


def test_an_empty_list_is_still_json():
    result = run("get", "ep", "-n", "x", "-o", "json", "-f", "-")
    assert (result.exit_code, json.loads(result.stdout)["items"], result.stderr) == (0, [], "")


def test_what_a_cluster_would_refuse_is_told_and_the_rest_is_shown(manifests: Path):
    (manifests.parent / "broken.yaml").write_text(BROKEN)
    result = run("get", "svc", "-o", "name", "-f", str(manifests.parent))
    assert (result.exit_code, result.stdout) == (0, "service/kubernetes\nservice/web\n")
    assert 'broken.yaml:5:17: The Service "broken" is invalid: ' in result.stderr
    assert "* spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535" in result.stderr


@pytest.mark.parametrize("command", ["get", "describe"])
def test_a_file_that_cannot_be_read_is_an_error_and_the_rest_is_shown(command: str, manifests: Path):
    result = run(command, "svc", "web", "-f", str(manifests), "-f", "nowhere")
    assert result.exit_code == 1
    assert "web" in result.stdout
    assert result.stderr == 'nowhere: error: the path "nowhere" does not exist\n'


def test_a_description_is_found_by_the_beginning_of_a_name(manifests: Path):
    names = [line for line in lines(manifests, "describe", "po", "web-") if line.startswith("Name:")]
    assert names == ["Name: web-0", "Name: web-1"]
    assert lines(manifests, "describe", "po", "web-1")[0] == "Name: web-1"


@pytest.mark.parametrize("arguments", [("po/web-",), ("po", "web-", "db-"), ("po", "eb-")])
def test_only_a_kind_and_a_name_may_mean_others_that_begin_so(arguments: tuple[str, ...], manifests: Path):
    result = run("describe", *arguments, "-f", str(manifests))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Error from server (NotFound): pods " in result.stderr


def test_events_may_be_left_out_of_a_description(manifests: Path):
    assert lines(manifests, "describe", "svc", "web")[-1] == "Events: <none>"
    assert lines(manifests, "describe", "svc", "web", "--no-show-events")[-1] == "Internal Traffic Policy: Cluster"


def test_without_files_and_agent_there_is_a_hint():
    result = run("get", "svc", CLUSTERLESS_SERVER="127.0.0.1:1")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
        "    hint: `clusterless up` runs an agent; -f PATH looks at manifests instead",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("get s", ["services", "svc"]),
        ("get svc,endpoints", ["svc,endpoints", "svc,endpointslices"]),
        ("get -f {path} svc ", ["kubernetes", "web"]),
        ("get -f {path} svc web k", ["kubernetes"]),
        ("get -f {path} -n prod svc ", ["db"]),
        ("describe -f {path} po/web-1", ["po/web-1"]),
        ("get -f {path} -n pr", ["prod"]),
        ("get -o js", ["json", "jsonpath-as-json=", "jsonpath="]),
        ("get -s 127.0.0.1:1 svc ", []),
        ("get -f {path} deploy ", []),
        ("comp", ["completion"]),
        ("completion f", ["fish"]),
    ],
)
def test_shells_complete_kinds_names_namespaces_and_formats(words: str, expected: list[str], manifests: Path):
    line = f"clusterless {words.format(path=manifests)}"
    variables = {
        "_CLUSTERLESS_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - (not line.endswith(" "))),
    }
    found = [line.split(",", 1)[1] for line in run(**variables).stdout.split("\n") if "," in line]
    assert found == expected


@pytest.mark.parametrize("flag", ["get -f", "up --corefile", "dns --config", "proxy --state-dir"])
def test_shells_complete_paths(flag: str):
    variables = {"_CLUSTERLESS_COMPLETE": "bash_complete", "COMP_WORDS": f"clusterless {flag} con", "COMP_CWORD": "3"}
    assert run(**variables).stdout == "file,con\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(shell: str):
    result = run("completion", shell)
    assert result.exit_code == 0
    assert f"_CLUSTERLESS_COMPLETE={shell}_complete" in result.stdout


def test_the_version_is_an_object_too():
    shown = json.loads(run("version", "-o", "json").stdout)
    assert run("version").stdout == f"clusterless {shown['clientVersion']['gitVersion'].removeprefix('v')}\n"
    assert shown["emulatedVersion"]["major"] == "1"
    assert run("version", "-o", "yaml").stdout.startswith("clientVersion:\n  gitVersion: v")
