"""What the command line says to wrong usage, and what its small commands print; nothing is served."""

from collections.abc import Coroutine
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clusterless.cli import cli, runner
from clusterless.configuration.kubeproxyfile import load

WEB = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: 10.96.1.1, ports: [{port: 80}]}
"""


@pytest.fixture(autouse=True)
def _nothing_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop that commands are given refuses to run: wrong usage must be told before."""

    def refuse(coroutine: Coroutine[object, object, int]) -> int:
        coroutine.close()
        raise AssertionError("this would have been served")

    monkeypatch.setattr(runner, "run", refuse)


def run(*arguments: str, stdin: str = "", **variables: str) -> Result:
    return CliRunner().invoke(cli, arguments, input=stdin, env=variables, prog_name="clusterless")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["up"], "must specify -f: a manifest file, a folder of them, or -"),
        (["lab"], "must specify -f: a manifest file, a folder of them, or -"),
        (["check", "-f", "x", "stray"], "Got unexpected extra argument (stray)"),
        (["serve"], "No such command 'serve'."),
        (["up", "-f", "x", "--colour"], "--colour"),
        (["up", "-f", "x", "--config", "nowhere.yaml"], "nowhere.yaml: no such file or directory"),
        (["up", "-f", "x", "--service-cluster-ip-range", "10.96"], "not a valid cidr: 10.96"),
        (["up", "-f", "x", "--service-node-port-range", "9"], "--service-node-port-range: 9: invalid port range"),
        (["up", "-f", "x", "--healthz-bind-address", "9"], "--healthz-bind-address: 9: must be IP:port"),
        (["dns", "-f", "x", "--dns-bind-address", "dns"], "--dns-bind-address: dns: must be an IP address"),
        (["proxy", "-f", "x", "--nodeport-addresses", "eth0"], 'Invalid value: "eth0": must be a valid CIDR'),
        (["proxy", "-f", "x", "--dial-attempts", "0"], "0 is not in the range 1<=x<=16"),
        (["up", "-f", "x", "--workers", "0"], "0 is not in the range 1<=x<=64"),
        (["loadbalancer", "-f", "x", "--workers", "few"], "'few' is neither a number nor 'auto'."),
        (["dns", "-f", "x", "--workers", "2"], "No such option '--workers'"),
        (
            ["check", "-f", "x", "--load-balancer-ip-range", "lb"],
            "--load-balancer-ip-range: 'lb' does not appear to be",
        ),
        (["explain", "x", "-f", "x", "--external-ip-range", "x"], "--external-ip-range: 'x' does not appear to be"),
        (["explain", "x", "-f", "x", "--nodeport-addresses", "eth0"], 'Invalid value: "eth0": must be a valid CIDR'),
        (["pod", "--bind-address", "eth0"], "--bind-address: 'eth0' does not appear to be an IPv4 or IPv6 address"),
        (["pod", "--http", "70000"], "70000 is not in the range 1<=x<=65535"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_a_sentence(arguments: list[str], sentence: str):
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("kind: a: b", "config.yaml:1:8: error converting YAML to JSON: yaml: mapping values are not allowed"),
        ("kind: Pod", "no kind KubeProxyConfiguration in kubeproxy.config.k8s.io/v1alpha1"),
        (
            "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nipvs: {scheduler: dh}\n",
            "ipvs.scheduler: dh: must be one of rr, random, lc, sh",
        ),
        (
            "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nconntrack: {udpTimeout: 5}\n",
            "config.yaml:3:13: failed to decode: json: cannot unmarshal number into Go struct field "
            "KubeProxyConfiguration.conntrack.udpTimeout of type string",
        ),
    ],
)
def test_a_wrong_configuration_file_is_exit_code_2_and_its_mistake(tmp_path: Path, text: str, sentence: str):
    (tmp_path / "config.yaml").write_text(text)
    result = run("proxy", "-f", "x", "--config", str(tmp_path / "config.yaml"))
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_wrong_corefile_is_exit_code_1_and_its_line(tmp_path: Path):
    (tmp_path / "Corefile").write_text(".:53 {\n    errors\n    nonsense\n}\n")
    result = run("dns", "-f", "x", "--corefile", str(tmp_path / "Corefile"))
    assert result.exit_code == 1
    assert f"{tmp_path}/Corefile:3 - Error during parsing: Unknown directive 'nonsense'" in result.stderr


def test_a_flag_can_be_set_by_a_variable():
    result = run("up", "-f", "x", CLUSTERLESS_HEALTHZ_BIND_ADDRESS="nonsense")
    assert "--healthz-bind-address: nonsense: must be IP:port" in result.stderr


def test_a_lab_of_a_path_that_is_not_there_is_none(tmp_path: Path):
    result = CliRunner().invoke(cli, ["lab", "-f", str(tmp_path), "-f", str(tmp_path / "typo"), "--", "true"])
    assert (result.exit_code, result.stderr) == (1, f'error: the path "{tmp_path / "typo"}" does not exist\n')


def test_check_reads_standard_input():
    result = run("check", "-f", "-", stdin=WEB)
    assert result.exit_code == 0
    assert "default       web          ClusterIP   10.96.1.1" in result.stdout


def test_check_fails_where_the_api_server_would_refuse():
    result = run("check", "-f", "-", stdin=WEB.replace("port: 80", "port: 0"))
    assert result.exit_code == 1
    assert "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive" in result.output


def test_env_prints_what_a_pod_would_get():
    lines = run("env", "-f", "-", stdin=WEB).stdout.splitlines()
    assert "WEB_SERVICE_HOST=10.96.1.1" in lines
    assert "KUBERNETES_SERVICE_PORT=443" in lines
    assert lines == sorted(lines)


def test_env_tells_of_a_file_that_is_not_there(tmp_path: Path):
    missing = tmp_path / "missing.yaml"
    result = run("env", "-f", str(missing))
    assert (result.exit_code, result.stderr) == (1, f'{missing}: error: the path "{missing}" does not exist\n')
    assert "KUBERNETES_SERVICE_HOST=10.96.0.1" in result.stdout.splitlines()


def test_env_without_links_knows_the_api_server_alone():
    lines = run("env", "-f", "-", "--no-enable-service-links", stdin=WEB).stdout.splitlines()
    assert {line.split("_")[0] for line in lines} == {"KUBERNETES"}


def test_help_names_every_command():
    output = run("--help").stdout
    commands = ("up", "proxy", "dns", "loadbalancer", "lab", "pod", "check", "env", "version")
    assert all(f"\n  {command} " in output for command in commands)


def test_version_is_printed():
    assert run("version").stdout == run("--version").stdout.replace(", version", "")


@pytest.mark.parametrize(
    ("in_file", "in_variable", "as_flag", "holds"),
    [
        ("", "", "", "127.0.0.1:10249"),
        ("127.0.0.1:1", "", "", "127.0.0.1:1"),
        ("127.0.0.1:1", "127.0.0.1:2", "", "127.0.0.1:2"),
        ("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:3"),
        ("127.0.0.1:1", "", "127.0.0.1:3", "127.0.0.1:3"),
    ],
)
def test_a_flag_holds_before_its_variable_before_the_file(
    tmp_path: Path, in_file: str, in_variable: str, as_flag: str, holds: str
):
    config, written = tmp_path / "in.yaml", tmp_path / "out.yaml"
    said = f"metricsBindAddress: {in_file}\n" if in_file else ""
    config.write_text(f"apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n{said}")
    flags = ["--metrics-bind-address", as_flag] if as_flag else []
    variables = {"CLUSTERLESS_METRICS_BIND_ADDRESS": in_variable} if in_variable else {}
    result = run("up", "--config", str(config), "--write-config-to", str(written), *flags, **variables)
    assert (result.exit_code, result.stderr) == (0, "")
    assert load(written)[0].metrics_bind_address == holds
