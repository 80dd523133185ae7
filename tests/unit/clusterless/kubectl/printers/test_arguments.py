"""Which objects the arguments of `get` and `describe` mean."""

import pytest

from clusterless.introspection.resources import ENDPOINTS, EVENTS, NAMESPACES, NODES, PODS, SERVICES, SLICES, Resource
from clusterless.introspection.selectors import label_selector
from clusterless.kubectl.objectview import ObjectView
from clusterless.kubectl.printers.arguments import ArgumentError, Wanted, completions, request, resource_named
from clusterless.kubectl.printers.selection import Scope, changes, find, nothing_found
from controlplane.objects import Node, ObjectMeta, Service


@pytest.mark.parametrize(
    ("words", "resource"),
    [
        ("services service svc Service SVC svc.v1.", SERVICES),
        ("endpointslices endpointslice endpointslices.discovery.k8s.io endpointslices.v1.discovery.k8s.io", SLICES),
        ("endpoints ep", ENDPOINTS),
        ("pods pod po", PODS),
        ("nodes node no", NODES),
        ("namespaces namespace ns", NAMESPACES),
        ("events event ev", EVENTS),
    ],
)
def test_a_kind_has_several_names(words: str, resource: Resource):
    assert [resource_named(word) for word in words.split()] == [resource] * len(words.split())


@pytest.mark.parametrize(
    ("arguments", "wanted", "several"),
    [
        ("svc", [Wanted(SERVICES)], False),
        ("svc web db", [Wanted(SERVICES, ("web", "db"))], False),
        ("svc,po", [Wanted(SERVICES), Wanted(PODS)], True),
        ("svc,services", [Wanted(SERVICES)], False),
        ("svc,ep web", [Wanted(SERVICES, ("web",)), Wanted(ENDPOINTS, ("web",))], True),
        ("svc/web", [Wanted(SERVICES, ("web",))], False),
        ("svc/web po/db-0 svc/db", [Wanted(SERVICES, ("web", "db")), Wanted(PODS, ("db-0",))], True),
        ("all", [Wanted(PODS), Wanted(SERVICES)], True),
        ("all,no", [Wanted(PODS), Wanted(SERVICES), Wanted(NODES)], True),
    ],
)
def test_arguments_ask_for_objects(arguments: str, wanted: list[Wanted], several: bool):
    asked = request(arguments.split())
    assert (list(asked.wanted), asked.several_types) == (wanted, several)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "Required resource not specified: one of endpoints (ep), events (ev),"),
        ("deploy", 'the server doesn\'t have a resource type "deploy"'),
        ("servces", 'the server doesn\'t have a resource type "servces"\n    hint: did you mean "services"?'),
        ("rs", 'the server doesn\'t have a resource type "rs"\n    hint: there are endpoints, endpointslices, events,'),
        ("svc,", 'the server doesn\'t have a resource type ""'),
        ("svc.apps", 'the server doesn\'t have a resource type "svc.apps"'),
        ("svc/web db", "there is no need to specify a resource type as a separate argument"),
        ("svc/", "arguments in resource/name form must have a single resource and name"),
        ("svc/web/x", "arguments in resource/name form must have a single resource and name"),
    ],
)
def test_arguments_that_name_nothing_are_refused(arguments: str, message: str):
    with pytest.raises(ArgumentError) as refused:
        request(arguments.split())
    assert str(refused.value).startswith(message)


def test_only_one_name_asks_for_one_object():
    assert request(["svc", "web"]).names_one
    assert not request(["svc", "web", "db"]).names_one
    assert not request(["svc"]).names_one
    assert not request(["svc,ep", "web"]).names_one


def test_kinds_are_completed():
    assert completions("endpoint") == ["endpoints", "endpointslices"]
    assert "all" in completions("a")


def service(name: str, namespace: str = "default", **labels: str) -> Service:
    return Service(metadata=ObjectMeta(name=name, namespace=namespace, labels=labels))


SERVED = [service("db"), service("web", app="web"), service("web", "prod", app="web")]
VIEW = ObjectView(services={each.key: each for each in SERVED}, nodes={"n": Node(metadata=ObjectMeta(name="n"))})


def found(wanted: Wanted, namespace: str = "default", selector: str = "") -> list[str]:
    return [str(obj.key) for obj in find(VIEW, wanted, Scope(namespace, label_selector(selector))).objects]


def test_a_scope_has_a_namespace_and_labels():
    assert found(Wanted(SERVICES)) == ["default/db", "default/web"]
    assert found(Wanted(SERVICES), "prod") == ["prod/web"]
    assert found(Wanted(SERVICES), "", "app=web") == ["default/web", "prod/web"]
    assert found(Wanted(SERVICES), "", "!app") == ["default/db"]
    assert found(Wanted(NODES), "prod") == ["/n"]


def test_names_are_found_in_the_order_asked_for_and_missed_by_name():
    result = find(VIEW, Wanted(SERVICES, ("web", "x", "db")), Scope("default", label_selector("")))
    assert [str(obj.key) for obj in result.objects] == ["default/web", "default/db"]
    assert result.missing == ('Error from server (NotFound): services "x" not found',)
    result = find(VIEW, Wanted(SLICES, ("x",)), Scope("default", label_selector("")))
    assert result.missing == ('Error from server (NotFound): endpointslices.discovery.k8s.io "x" not found',)


@pytest.mark.parametrize(
    ("resources", "namespace", "text"),
    [
        ([SERVICES], "prod", "No resources found in prod namespace."),
        ([SERVICES], "", "No resources found"),
        ([NODES], "prod", "No resources found"),
        ([NODES, PODS], "prod", "No resources found in prod namespace."),
    ],
)
def test_nothing_is_told_with_the_namespace(resources: list[Resource], namespace: str, text: str):
    assert nothing_found(resources, namespace) == text


def test_changes_are_those_of_a_watch():
    before = [service("gone"), service("same"), service("other")]
    after = [service("same"), service("other", app="web"), service("new")]
    assert [(change, obj.key.name) for change, obj in changes(before, after)] == [
        ("DELETED", "gone"),
        ("ADDED", "new"),
        ("MODIFIED", "other"),
    ]


@pytest.mark.parametrize(
    ("word", "hint"),
    [("servics", 'did you mean "service"?'), ("deploy", "there are endpoints, endpointslices, events,")],
)
def test_a_kind_that_is_not_there_comes_with_a_hint(word: str, hint: str):
    with pytest.raises(ArgumentError) as refused:
        resource_named(word)
    assert str(refused.value).splitlines()[1].startswith(f"    hint: {hint}")
