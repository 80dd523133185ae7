import subprocess
import sys

import pytest

OURS = ("controlplane", "proxy", "dns", "lab")
HEAVY = ("asyncio", "dnslib", "prometheus_client", "pyroute2", "uvloop", "watchfiles", "yaml")


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("clusterless.cli", ("dns", "lab", *HEAVY)),
        ("clusterless.demo.pod", (*OURS, "prometheus_client", "pyroute2", "uvloop", "yaml", "click")),
        (
            "clusterless.checking.check",
            ("asyncio", "pyroute2", "dnslib", "prometheus_client", "uvloop", "watchfiles", "click"),
        ),
        ("clusterless.agent.serve", ("lab", "prometheus_client", "pyroute2", "uvloop", "watchfiles", "click")),
        ("proxy.addresses.service", ("dns", "lab", "clusterless", "dnslib", "prometheus_client", "yaml")),
    ],
)
def test_a_role_loads_nothing_that_it_does_not_need(module, unwanted):
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert set(found.stdout.split()).isdisjoint(unwanted)
