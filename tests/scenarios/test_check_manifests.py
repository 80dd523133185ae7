import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROKEN = Path(__file__).parent / "broken"
SUMMARY = re.compile(r"^\d+ Services?, ", re.MULTILINE)


def test_broken_manifests_are_told_in_the_words_of_kubectl_each_where_its_mistake_is(clusterless):
    done = clusterless("check", "-f", "tests/scenarios/broken")
    assert done.stdout == (BROKEN / "expected.txt").read_text()
    assert (done.returncode, done.stderr) == (1, "")


def rows(stdout):
    """Namespace/name, type, ports and endpoints of each Service; node ports that were picked are `*`."""
    table = re.split(SUMMARY, stdout)[0].splitlines()
    start = next(index for index, line in enumerate(table) if line.startswith("NAMESPACE"))
    cells = [line.split() for line in table[start + 1 :] if line]
    ports = re.compile(r":3\d{4}/")
    return {f"{ns}/{name}": (kind, ports.sub(":*/", port), int(count)) for ns, name, kind, _, port, count in cells}


BUILT_IN = {
    "default/kubernetes": ("ClusterIP", "443/TCP", 0),
    "kube-system/kube-dns": ("ClusterIP", "53/UDP,53/TCP,9153/TCP", 1),
}
APPLICATIONS = {
    "bakery": (
        {
            "default/ledger": ("ClusterIP", "6379/TCP", 1),
            "default/orders": ("ClusterIP", "7100/TCP", 1),
            "default/oven": ("ClusterIP", "7200/TCP", 3),
            "default/storefront": ("ClusterIP", "80/TCP", 2),
            "default/storefront-street": ("LoadBalancer", "80:*/TCP,443:*/TCP", 2),
        },
        "7 Services, 8 Pods, 0 errors, 0 warnings\npassed over: 1 ConfigMap, 1 ServiceAccount\n",
    ),
    "noticeboard": (
        {
            "default/board": ("NodePort", "80:*/TCP", 3),
            "default/pins-reader": ("ClusterIP", "6379/TCP", 2),
            "default/pins-writer": ("ClusterIP", "6379/TCP", 1),
        },
        "5 Services, 6 Pods, 0 errors, 0 warnings\n",
    ),
    "observatory": (
        {
            "observatory/archive": ("ClusterIP", "5432/TCP", 2),
            "observatory/dome": ("LoadBalancer", "443:*/TCP", 2),
            "observatory/sky": ("ExternalName", "<none>", 0),
            "observatory/telescope": ("ClusterIP", "9080/TCP,9090/TCP", 2),
        },
        "6 Services, 6 Pods, 0 errors, 0 warnings\npassed over: 1 Gateway, 1 Ingress, 1 ServiceAccount\n",
    ),
}


@pytest.mark.parametrize("application", sorted(APPLICATIONS))
def test_a_whole_application_loads_as_it_is(clusterless, application):
    services, summary = APPLICATIONS[application]
    done = clusterless("check", "-f", f"tests/scenarios/apps/{application}.yaml")
    assert rows(done.stdout) == BUILT_IN | services
    assert done.stdout.endswith(f"\n\n{summary}")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_shipped_manifests_are_right_together(clusterless):
    done = clusterless("check", "-f", "configs/manifests")
    assert rows(done.stdout) == BUILT_IN | {
        "default/db": ("ClusterIP", "80/TCP", 2),
        "default/example-externalip": ("ClusterIP", "8080/TCP", 3),
        "default/example-externalname": ("ExternalName", "<none>", 0),
        "default/example-loadbalancer": ("LoadBalancer", "8080:*/TCP", 3),
        "default/example-nodeport": ("NodePort", "8080:*/TCP", 3),
        "default/example-none-selector": ("ClusterIP", "80/TCP", 2),
        "default/web": ("ClusterIP", "80/TCP", 3),
    }
    assert (done.returncode, done.stderr) == (0, "")


# The API server warns of every use of externalIPs since 1.36.
WARNINGS = {
    "externalip.yaml": [
        "configs/manifests/externalip.yaml:12:3: Warning: "
        "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    ]
}


@pytest.mark.parametrize("path", sorted(ROOT.joinpath("configs/manifests").iterdir()), ids=lambda path: path.name)
def test_each_shipped_manifest_is_right_alone(clusterless, path):
    done = clusterless("check", "-f", f"configs/manifests/{path.name}")
    problems = done.stdout.partition("NAMESPACE")[0].splitlines()
    assert [line for line in problems if line] == WARNINGS.get(path.name, [])
    assert done.returncode == 0
