"""Documents become objects, or are refused in the words of kubectl and the API server."""

from textwrap import dedent

import msgspec
import pytest

from controlplane.decode import decode
from controlplane.documents import Document
from controlplane.manifests import ManifestReader
from controlplane.objects import Namespace, Pod, Service, Workload
from controlplane.problems import Position, Reason, kubectl_text, render

HEADING = 'Service in version "v1" cannot be handled as a Service: '


def document(raw, **names):
    return Document(source="web.yaml", raw=raw, digest="", **names)


def service(spec=None, metadata=None, **fields):
    raw = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", **(metadata or {})}, **fields}
    return document(raw if spec is None else {**raw, "spec": spec})


def texts(decoded):
    assert decoded.object is None
    assert decoded.passed_over == ""
    return [kubectl_text(problem) for problem in decoded.problems]


def messages(decoded):
    return [problem.message for problem in decoded.problems]


def rendered(tmp_path, monkeypatch, text):
    """What a user sees of a manifest `web.yaml`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web.yaml").write_text(dedent(text))
    reading = ManifestReader().read(["web.yaml"])
    return render([*reading.problems, *(p for d in reading.documents for p in decode(d).problems)])


def test_a_service_is_decoded():
    decoded = decode(service({"ports": [{"port": 80, "targetPort": "http"}], "clusterIP": "None"}))
    assert decoded.problems == ()
    assert isinstance(decoded.object, Service)
    assert decoded.object.spec.ports[0].target_port == "http"
    assert decoded.object.spec.cluster_ip == "None"


@pytest.mark.parametrize(
    ("kind", "api_version", "type_"),
    [("Deployment", "apps/v1", Workload), ("Pod", "v1", Pod), ("DaemonSet", "apps/v1", Workload)],
)
def test_other_kinds_are_decoded(kind, api_version, type_):
    decoded = decode(document({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}))
    assert isinstance(decoded.object, type_)
    assert decoded.object.kind == kind


def test_an_object_without_a_namespace_is_in_default():
    assert decode(service()).object.metadata.namespace == "default"
    assert decode(service(metadata={"namespace": "shop"})).object.metadata.namespace == "shop"


def test_a_cluster_scoped_object_is_in_no_namespace():
    raw = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "namespace": "b"}}
    decoded = decode(document(raw)).object
    assert isinstance(decoded, Namespace)
    assert decoded.metadata.namespace == ""


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("v1", "ConfigMap"),
        ("networking.k8s.io/v1", "Ingress"),
        ("serving.knative.dev/v1", "Service"),
        ("cluster.example.com/v1beta1", "Node"),
    ],
)
def test_kinds_of_others_are_passed_over(api_version, kind):
    decoded = decode(document({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}))
    assert (decoded.object, decoded.problems, decoded.passed_over) == (None, (), kind)


@pytest.mark.parametrize(
    ("api_version", "kind", "hint"),
    [
        ("example1", "Service", 'Service is in "v1"'),
        ("v2", "Service", 'Service is in "v1"'),
        ("apps/v1", "Service", 'Service is in "v1"'),
        ("networking.k8s.io/v1", "Service", 'Service is in "v1"'),
        ("apps/v1beta1", "Deployment", 'Deployment is in "apps/v1"'),
        ("extensions/v1beta1", "Deployment", 'Deployment is in "apps/v1"'),
        ("v1", "Deployment", 'Deployment is in "apps/v1"'),
        ("discovery.k8s.io/v1beta1", "EndpointSlice", 'EndpointSlice is in "discovery.k8s.io/v1"'),
    ],
)
def test_a_kind_in_a_version_that_has_none_is_an_error(api_version, kind, hint):
    decoded = decode(document({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}))
    assert texts(decoded) == [
        'error: resource mapping not found for name: "x" namespace: "" from "web.yaml": '
        f'no matches for kind "{kind}" in version "{api_version}"\nensure CRDs are installed first'
    ]
    assert [(problem.reason, problem.path, problem.hint) for problem in decoded.problems] == [
        (Reason.NO_MATCH, "apiVersion", hint)
    ]


def test_the_namespace_is_named_as_it_is_written():
    raw = {"apiVersion": "v2", "kind": "Pod", "metadata": {"namespace": "shop"}}
    assert 'for name: "" namespace: "shop" from' in texts(decode(document(raw)))[0]
    assert 'for name: "" namespace: "" from' in texts(decode(document({**raw, "metadata": 5})))[0]


@pytest.mark.parametrize(
    ("raw", "mistakes"),
    [
        ({"foo": "bar"}, "[apiVersion not set, kind not set]"),
        ({"kind": "Service"}, "apiVersion not set"),
        ({"apiVersion": "v1", "kind": None}, "kind not set"),
        ({"apiVersion": "v1", "kind": ""}, "kind not set"),
        ({"apiVersion": 1, "kind": ["Service"]}, "[apiVersion isn't string type, kind isn't string type]"),
    ],
)
def test_a_document_that_does_not_say_what_it_is_is_told_in_kubectls_words(raw, mistakes):
    assert texts(decode(document(raw))) == [
        f'error: error validating "web.yaml": error validating data: {mistakes}; '
        "if you choose to ignore these errors, turn validation off with --validate=false"
    ]


def test_a_generated_name_cannot_be_applied():
    decoded = decode(document({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"}}))
    assert texts(decoded) == ["error: from web-: cannot use generate name with apply"]


def test_an_unknown_field_is_an_error_with_the_name_that_was_meant():
    decoded = decode(service({"ClusterIP": "None", "ports": [{"port": 80, "prot": 81}]}, kin=1))
    heading = (
        'Error from server (BadRequest): error when creating "web.yaml": '
        'Service in version "v1" cannot be handled as a Service: strict decoding error: '
    )
    assert texts(decoded) == [
        heading + 'unknown field "kin"',
        heading + 'unknown field "spec.ClusterIP"',
        heading + 'unknown field "spec.ports[0].prot"',
    ]
    assert [problem.hint for problem in decoded.problems] == [
        'did you mean "kind"?',
        'did you mean "clusterIP"?',
        'did you mean "port"?',
    ]
    assert [problem.path for problem in decoded.problems] == ["kin", "spec.ClusterIP", "spec.ports[0].prot"]


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"ports": []}, 'the field is "spec.ports": check the indentation'),
        ({"nodePort": 30080}, 'the field is "spec.ports[].nodePort": check the indentation'),
        ({"Metadata": {}}, 'did you mean "metadata"?'),
        ({"bogus": 1}, ""),
    ],
)
def test_a_field_at_the_wrong_depth_is_told_where_it_belongs(fields, hint):
    (problem,) = decode(service(**fields)).problems
    assert problem.hint == hint


def test_a_struct_of_which_we_know_only_a_part_takes_other_fields():
    raw = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"volumes": [], "containers": [{"tty": True}]},
    }
    assert decode(document(raw)).problems == ()


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("Pod", {"hostname": "a", "NodeName": "b"}, "spec.NodeName"),
        ("Pod", {"containers": [{"Ports": []}]}, "spec.containers[0].Ports"),
        ("Deployment", {"serviceName": "a"}, "spec.serviceName"),
        ("ReplicaSet", {"ordinals": {"start": 1}}, "spec.ordinals"),
        ("DaemonSet", {"replicas": 3}, "spec.replicas"),
    ],
)
def test_but_none_that_kubernetes_is_known_not_to_have(kind, spec, field):
    api_version = "v1" if kind == "Pod" else "apps/v1"
    decoded = decode(document({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}))
    assert messages(decoded) == [
        f'{kind} in version "v1" cannot be handled as a {kind}: strict decoding error: unknown field "{field}"'
    ]


@pytest.mark.parametrize(
    ("fields", "wrong", "path", "hint"),
    [
        (
            {"spec": {"ports": [{"port": "80"}]}},
            "string into ServicePort.spec.ports.port of type int32",
            "spec.ports[0].port",
            "a number stands without quotes: 80",
        ),
        (
            {"spec": {"ports": [{"port": 80.5}]}},
            "number 80.5 into ServicePort.spec.ports.port of type int32",
            "spec.ports[0].port",
            "",
        ),
        (
            {"spec": {"ports": [{"port": 1e30}]}},
            "number 1e+30 into ServicePort.spec.ports.port of type int32",
            "spec.ports[0].port",
            "",
        ),
        (
            {"spec": {"ports": [{"port": 0.00001}]}},
            "number 0.00001 into ServicePort.spec.ports.port of type int32",
            "spec.ports[0].port",
            "",
        ),
        (
            {"spec": {"ports": [{"port": 1e-7}]}},
            "number 1e-7 into ServicePort.spec.ports.port of type int32",
            "spec.ports[0].port",
            "",
        ),
        (
            {"spec": {"ports": [{"port": 99999999999}]}},
            "number 99999999999 into ServicePort.spec.ports.port of type int32",
            "spec.ports[0].port",
            "",
        ),
        (
            {"spec": {"ports": [{"port": True}]}},
            "bool into ServicePort.spec.ports.port of type int32",
            "spec.ports[0].port",
            "",
        ),
        (
            {"spec": {"ports": [{"targetPort": [1]}]}},
            "array into ServicePort.spec.ports.targetPort of type int32",
            "spec.ports[0].targetPort",
            "",
        ),
        (
            {"spec": {"ports": {"port": 80}}},
            "object into ServiceSpec.spec.ports of type []v1.ServicePort",
            "spec.ports",
            "",
        ),
        ({"spec": {"ports": ["x"]}}, "string into ServiceSpec.spec.ports of type v1.ServicePort", "spec.ports[0]", ""),
        ({"spec": []}, "array into Service.spec of type v1.ServiceSpec", "spec", ""),
        (
            {"spec": {"selector": "x"}},
            "string into ServiceSpec.spec.selector of type map[string]string",
            "spec.selector",
            "",
        ),
        (
            {"spec": {"selector": {"app": 1}}},
            "number into ServiceSpec.spec.selector of type string",
            "spec.selector[app]",
            "quote it, so that it is a string",
        ),
        (
            {"spec": {"clusterIP": 1}},
            "number into ServiceSpec.spec.clusterIP of type string",
            "spec.clusterIP",
            "quote it, so that it is a string",
        ),
        ({"spec": {"type": True}}, "bool into ServiceSpec.spec.type of type v1.ServiceType", "spec.type", ""),
        (
            {"spec": {"ipFamilies": [4]}},
            "number into ServiceSpec.spec.ipFamilies of type v1.IPFamily",
            "spec.ipFamilies[0]",
            "",
        ),
        (
            {"spec": {"externalIPs": "10.0.0.1"}},
            "string into ServiceSpec.spec.externalIPs of type []string",
            "spec.externalIPs",
            "",
        ),
        (
            {"spec": {"publishNotReadyAddresses": "yes"}},
            "string into ServiceSpec.spec.publishNotReadyAddresses of type bool",
            "spec.publishNotReadyAddresses",
            "write true or false, without quotes",
        ),
        (
            {"metadata": {"labels": {"a": 1}}},
            "number into ObjectMeta.metadata.labels of type string",
            "metadata.labels[a]",
            "quote it, so that it is a string",
        ),
        (
            {"metadata": {"generation": "x"}},
            "string into ObjectMeta.metadata.generation of type int64",
            "metadata.generation",
            "",
        ),
        (
            {"metadata": {"managedFields": ["x"]}},
            "string into ObjectMeta.metadata.managedFields of type v1.ManagedFieldsEntry",
            "metadata.managedFields[0]",
            "",
        ),
    ],
)
def test_a_wrong_type_is_told_in_gos_words(fields, wrong, path, hint):
    (problem,) = decode(service(**fields)).problems
    assert problem.message == f"{HEADING}json: cannot unmarshal {wrong.replace(' into ', ' into Go struct field ')}"
    assert (problem.path, problem.hint) == (path, hint)


@pytest.mark.parametrize(
    ("kind", "fields", "wrong"),
    [
        (
            "Pod",
            {"status": {"conditions": [{"type": 1}]}},
            "PodCondition.status.conditions.type of type v1.PodConditionType",
        ),
        (
            "Node",
            {"status": {"conditions": [{"status": 1}]}},
            "NodeCondition.status.conditions.status of type v1.ConditionStatus",
        ),
        (
            "Service",
            {"status": {"conditions": [{"status": 1}]}},
            "Condition.status.conditions.status of type v1.ConditionStatus",
        ),
        ("StatefulSet", {"spec": {"replicas": True}}, "StatefulSetSpec.spec.replicas of type int32"),
        ("Deployment", {"spec": {"template": 1}}, "DeploymentSpec.spec.template of type v1.PodTemplateSpec"),
        ("Deployment", {"status": 1}, "Deployment.status of type v1.DeploymentStatus"),
        ("Namespace", {"spec": 1}, "Namespace.spec of type v1.NamespaceSpec"),
        ("EndpointSlice", {"addressType": 4}, "EndpointSlice.addressType of type v1.AddressType"),
        (
            "EndpointSlice",
            {"endpoints": [{"hints": {"forZones": [{"name": 1}]}}]},
            "ForZone.endpoints.hints.forZones.name of type string",
        ),
        (
            "EndpointSlice",
            {"endpoints": [{"hints": {"forNodes": [1]}}]},
            "EndpointHints.endpoints.hints.forNodes of type v1.ForNode",
        ),
    ],
)
def test_types_have_their_names_in_kubernetes(kind, fields, wrong):
    api_version = {"EndpointSlice": "discovery.k8s.io/v1", "StatefulSet": "apps/v1", "Deployment": "apps/v1"}.get(
        kind, "v1"
    )
    (message,) = messages(decode(document({"apiVersion": api_version, "kind": kind, **fields})))
    assert message.partition("Go struct field ")[2] == wrong


def test_metadata_that_is_no_object_is_told():
    (message,) = messages(decode(document({"apiVersion": "v1", "kind": "Service", "metadata": "x"})))
    assert message.endswith("json: cannot unmarshal string into Go struct field Service.metadata of type v1.ObjectMeta")


def test_every_mistake_of_an_object_is_told_with_its_own_place():
    def locate(path):
        return Position({"spec.ports[0].port": 7, "spec.ports[1].nodePort": 9, "spec.Type": 5}[path], 3)

    raw = service({"ports": [{"port": "80"}, {"nodePort": "x"}], "Type": "NodePort"}).raw
    decoded = decode(document(raw, locate=locate))
    assert [(problem.path, problem.line) for problem in decoded.problems] == [
        ("spec.ports[0].port", 7),
        ("spec.ports[1].nodePort", 9),
        ("spec.Type", 5),
    ]


def test_what_is_null_is_not_there():
    decoded = decode(
        service(
            {
                "clusterIP": None,
                "ports": [{"port": 80, "name": None, "targetPort": None}, None],
                "selector": {"app": None},
                "externalIPs": [None],
                "sessionAffinityConfig": None,
                "publishNotReadyAddresses": True,
            },
            metadata={"creationTimestamp": None, "labels": None, "managedFields": [None, {"manager": "kubectl"}]},
            status=None,
        )
    )
    assert decoded.problems == ()
    spec = decoded.object.spec
    assert spec.cluster_ip == ""
    assert [port.port for port in spec.ports] == [80, 0]
    assert spec.selector == {"app": ""}
    assert spec.external_ips == ("",)
    assert decoded.object.metadata.creation_timestamp == ""


def test_what_is_null_is_not_there_beside_fields_that_we_do_not_know():
    raw = {"apiVersion": "v1", "kind": "Pod", "spec": {"volumes": [], "hostname": None, "nodeName": "a"}}
    assert decode(document(raw)).object.spec.node_name == "a"


def test_decoding_keeps_a_written_object_as_it_is():
    first = decode(service({"ports": [{"port": 80}], "selector": {"app": "web"}})).object
    again = decode(document(msgspec.json.decode(msgspec.json.encode(first)))).object
    assert again == first


def test_comments_with_slashes_make_strings_of_numbers(tmp_path, monkeypatch):
    text = """\
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          type: NodePort      //reached from outside
          ports:
          - name: "http-port"
            port: 8080        //the Service's own
            targetPort: 80
            nodePort: 30080   //on every node
        """
    wrong = (
        'Error from server (BadRequest): error when creating "web.yaml": '
        'Service in version "v1" cannot be handled as a Service: '
        "json: cannot unmarshal string into Go struct field ServicePort.spec.ports.{} of type int32"
    )
    hint = "    hint: `//` starts no comment in YAML, use `#`"
    assert rendered(tmp_path, monkeypatch, text) == [
        "web.yaml:9:5: " + wrong.format("port"),
        hint,
        "web.yaml:11:5: " + wrong.format("nodePort"),
        hint,
    ]


def test_a_version_that_does_not_exist_is_told_at_its_line(tmp_path, monkeypatch):
    text = """\
        # the web
        apiVersion: example1
        kind: Service
        metadata:
          name: web
        """
    assert rendered(tmp_path, monkeypatch, text) == [
        'web.yaml:2:1: error: resource mapping not found for name: "web" namespace: "" from "web.yaml": '
        'no matches for kind "Service" in version "example1"\nensure CRDs are installed first',
        '    hint: Service is in "v1"',
    ]


def test_a_comment_with_slashes_before_a_list_is_a_syntax_error(tmp_path, monkeypatch):
    text = """\
        apiVersion: v1
        kind: Service
        spec:
          type: ClusterIP    //there is no type for this
          externalIPs:       //of nodes
          - 10.240.0.4
        """
    assert rendered(tmp_path, monkeypatch, text) == [
        "web.yaml:5:22: error: error parsing web.yaml: error converting YAML to JSON: "
        "yaml: line 5: did not find expected key",
        "    hint: `//` starts no comment in YAML, use `#`",
    ]


def test_stars_for_digits_are_an_alias(tmp_path, monkeypatch):
    text = """\
        apiVersion: v1
        kind: Service
        spec:
          type: LoadBalancer
          loadBalancerIP: ***.***.***.***   //the wanted address
        """
    assert rendered(tmp_path, monkeypatch, text) == [
        "web.yaml:5:20: error: error parsing web.yaml: error converting YAML to JSON: "
        "yaml: line 5: did not find expected alphabetic or numeric character",
        "    hint: `*` begins an alias in YAML: quote a value that starts with it; "
        "`//` starts no comment in YAML, use `#`",
    ]


def test_a_field_in_other_letters_is_told_at_its_line(tmp_path, monkeypatch):
    text = """\
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          type: ClusterIP
          ClusterIP: None
        """
    assert rendered(tmp_path, monkeypatch, text) == [
        'web.yaml:7:3: Error from server (BadRequest): error when creating "web.yaml": Service in version "v1" '
        'cannot be handled as a Service: strict decoding error: unknown field "spec.ClusterIP"',
        '    hint: did you mean "clusterIP"?',
    ]


def test_a_field_with_a_comment_with_slashes_has_both_mistakes_told(tmp_path, monkeypatch):
    text = """\
        apiVersion: v1
        kind: Service
        spec:
          ClusterIP: None             //no address
        """
    assert rendered(tmp_path, monkeypatch, text)[1] == (
        '    hint: did you mean "clusterIP"?; `//` starts no comment in YAML, use `#`'
    )
