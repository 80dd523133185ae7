"""What a pod's container finds: the name of its host, and its variables."""

import pytest

from controlplane.objects import ObjectMeta, Pod, PodSpec
from lab.podenvironment import expanded
from lab.podnames import kernel_hostname, pod_hostname


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$(HOST):80", "web:80"),
        ("$(HOST)$(HOST)", "webweb"),
        ("$(NOBODY)", "$(NOBODY)"),
        ("$$(HOST)", "$(HOST)"),
        ("5$", "5$"),
        ("$HOST ${HOST}", "$HOST ${HOST}"),
        ("$(HOST", "$(HOST"),
    ],
)
def test_references_to_known_variables_are_replaced(text: str, expected: str):
    assert expanded(text, {"HOST": "web"}) == expected


def pod(name: str = "web-0", **spec: object) -> Pod:
    return Pod(metadata=ObjectMeta(name=name, namespace="shop"), spec=PodSpec(**spec))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (pod(), "web-0"),
        (pod(hostname="front"), "front"),
        (pod(hostname="front", subdomain="web"), "front"),
        (pod(hostname="front", subdomain="web", set_hostname_as_fqdn=True), "front.web.shop.svc.cluster.local"),
        (pod(set_hostname_as_fqdn=True), "web-0"),
        (pod("a" * 62 + ".b"), "a" * 62),
    ],
)
def test_a_pods_host_is_called_as_the_kubelet_calls_it(one: Pod, expected: str):
    assert kernel_hostname(one, "cluster.local") == expected
    assert len(pod_hostname(one)) < 64
