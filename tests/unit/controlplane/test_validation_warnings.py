"""What is accepted with a warning (`pkg/api/service/warnings.go`)."""

import pytest

from controlplane.validation import FieldWarning, warnings

DEPRECATED = "spec.externalIPs is deprecated and may no longer be implemented in some clusters"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        ({"clusterIP": "None"}, []),
        ({"clusterIP": "None", "loadBalancerIP": "192.0.2.1", "externalIPs": ["192.0.2.2"],
          "sessionAffinity": "ClientIP"},
         [("spec.loadBalancerIP", "spec.loadBalancerIP is ignored for headless services"),
          ("spec.externalIPs", "spec.externalIPs is ignored for headless services"),
          ("spec.sessionAffinity", "spec.SessionAffinity is ignored for headless services")]),
        ({"externalIPs": ["192.0.2.2"]}, [("spec.externalIPs", DEPRECATED)]),
        ({"type": "ExternalName", "externalName": "a.b", "externalIPs": ["192.0.2.2"]},
         [("spec.externalIPs", 'spec.externalIPs is ignored when spec.type is "ExternalName"')]),
        ({"externalName": "a.b"},
         [("spec.externalName", 'spec.externalName is ignored when spec.type is not "ExternalName"')]),
        ({"trafficDistribution": "PreferClose"},
         [("spec.trafficDistribution",
           'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')]),
        ({"trafficDistribution": "PreferSameNode"}, []),
        ({"clusterIP": "fd00:0::1"},
         [("spec.clusterIPs[0]",
           'spec.clusterIPs[0]: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")')]),
        ({"type": "LoadBalancer", "loadBalancerIP": "FD00::1", "loadBalancerSourceRanges": ["::/0", " FD00::/64"]},
         [("spec.loadBalancerIP",
           'spec.loadBalancerIP: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")'),
          ("spec.loadBalancerSourceRanges[1]",
           'spec.loadBalancerSourceRanges[1]: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format '
           '("fd00::/64")')]),
    ],
)  # fmt: skip
def test_services(make, spec, expected):
    service = make("Service", spec={"type": "ClusterIP", **spec})
    assert warnings(service) == [FieldWarning(path, message) for path, message in expected]


def test_the_old_name_of_an_annotation(make):
    old = "service.kubernetes.io/topology-aware-hints"
    (warning,) = warnings(make("Service", metadata={"annotations": {old: "Auto"}}))
    assert warning.message == (
        f"annotation {old} is deprecated, please use service.kubernetes.io/topology-mode instead"
    )


def test_slices_of_names(make):
    assert warnings(make("EndpointSlice", addressType="FQDN")) == [
        FieldWarning("addressType", "spec.addressType: FQDN type is deprecated.")
    ]
    assert warnings(make("EndpointSlice", addressType="IPv4")) == []
