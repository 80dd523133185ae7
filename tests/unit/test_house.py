"""The rules of the house that a machine can hold: pure modules, names that belong to us, the size of files."""

import ast
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("controlplane", "proxy", "dns", "lab", "clusterless")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
# What a pure module may not reach, also not through others: the world, the clock and chance.
IMPURE = (
    "asyncio", "ctypes", "fcntl", "logging", "os", "pathlib", "random", "secrets", "select", "signal", "socket",
    "subprocess", "tempfile", "threading", "time", "click", "prometheus_client", "pyroute2", "uvloop", "watchfiles",
    "yaml",
)  # fmt: skip
# dnspython and proxy.py install these below `dns` and `proxy`: beside ours, a wrong one would be taken silently.
FOREIGN = {
    "dns": "zone zonefile resolver message name namedict query nameserver rcode opcode rdata rdataclass rdataset "
    "rdatatype rdtypes rrset renderer reversename edns flags wire exception ttl tsig tokenizer serial style update "
    "version versioned set node enum grange immutable inet ipv4 ipv6 dnssec e164 entropy transaction win32util xfr",
    "proxy": "common core http plugin proxy socks testing dashboard",
}
MOST_LINES = 300


def is_pure(path: Path) -> bool:
    return (ast.get_docstring(ast.parse(path.read_text())) or "").startswith("Pure")


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(
        *PACKAGES, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


def test_there_are_pure_modules():
    assert sum(map(is_pure, MODULES.values())) > 100


def test_a_module_that_calls_itself_pure_reaches_nothing_impure(imports: grimp.ImportGraph):
    chains = [
        imports.find_shortest_chain(module, impure)
        for module, path in MODULES.items()
        if is_pure(path)
        for impure in IMPURE
        if impure in imports.modules
    ]
    assert [chain for chain in chains if chain] == []


@pytest.mark.parametrize("package", FOREIGN)
def test_no_module_bears_a_name_of_the_other_distribution(package: str):
    ours = {path.stem for path in (ROOT / package).iterdir()}
    assert ours.isdisjoint(FOREIGN[package].split())


def test_we_are_the_only_owner_of_our_package_names():
    # From a process of its own, away from the test runner's path: what an import in an installation would see.
    code = "from importlib.metadata import packages_distributions as p; print(sorted(p().items()))"
    found = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, cwd="/")
    owners = dict(ast.literal_eval(found.stdout))
    for package in PACKAGES:
        assert set(owners.get(package, ["clusterless"])) == {"clusterless"}


@pytest.mark.parametrize("intruder", ["dnspython", "proxy.py"])
def test_the_distributions_with_our_names_are_not_installed(intruder: str):
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.distribution(intruder)


def test_no_file_is_longer_than_one_can_hold_in_ones_head():
    lengths = {module: path.read_text().count("\n") for module, path in MODULES.items()}
    assert {module: lines for module, lines in lengths.items() if lines > MOST_LINES} == {}


def test_every_module_says_first_what_it_is_for():
    assert [module for module, path in MODULES.items() if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_a_package_of_the_program_says_what_it_is_for_and_loads_nothing():
    packages = sorted((ROOT / "clusterless").glob("*/**/__init__.py"))
    assert packages
    assert [path for path in packages if len(ast.parse(path.read_text()).body) != 1] == []


def test_the_architecture_names_every_module():
    page = (ROOT / "ARCHITECTURE.md").read_text()
    names = {path.stem for path in MODULES.values()} - {"__init__", "__main__"}
    assert sorted(name for name in names if f"`{name}`" not in page and f".{name}`" not in page) == []
