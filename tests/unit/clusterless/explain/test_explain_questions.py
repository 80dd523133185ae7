import pytest

from clusterless.explain.answering import Words, words_of
from clusterless.explain.model import Question
from clusterless.explain.question import QuestionError, ServiceTarget, target_of
from controlplane.objects import NamespacedName, Protocol


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("web:80", "web", 80),
        ("web.shop.svc.cluster.local.:80", "web.shop.svc.cluster.local.", 80),
        ("10.96.0.1:443", "10.96.0.1", 443),
        ("[fd00::1]:443", "fd00::1", 443),
        ("http://web/hostname", "web", 80),
        ("https://web.shop", "web.shop", 443),
        ("http://[fd00::1]:8080/", "fd00::1", 8080),
        ("tcp://web:7", "web", 7),
    ],
)
def test_a_connection_is_a_host_with_a_port_or_a_url(text, host, port):
    assert target_of(text, "default", Protocol.TCP) == Question(host=host, port=port, protocol="TCP")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("web", ("here", "web")),
        ("svc/web", ("here", "web")),
        ("service/web", ("here", "web")),
        ("shop/web", ("shop", "web")),
        ("web.shop", ("shop", "web")),
        ("web.shop.svc.cluster.local", ("shop", "web")),
        ("10.96.0.1", ("here", "10.96.0.1")),
        ("fd00::1", ("here", "fd00::1")),
        ("[fd00::1]", ("here", "fd00::1")),
    ],
)
def test_without_a_port_it_is_a_whole_service(text, key):
    target = target_of(text, "here", Protocol.TCP)
    assert isinstance(target, ServiceTarget)
    assert target.key == NamespacedName(*key)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("web:http", "the port must be a number between 1 and 65535, inclusive"),
        ("web:0", "the port must be a number"),
        ("web:65536", "the port must be a number"),
        (":80", "there is no host before the port"),
        ("ftp://web/", "must be http:// or https://, or say the port"),
        ("http://web:x/", "Port could not be cast"),
    ],
)
def test_what_is_no_question_is_said(text, message):
    with pytest.raises(QuestionError, match=r".") as told:
        target_of(text, "default", Protocol.TCP)
    assert message in str(told.value)


def test_a_ping_has_no_port():
    assert target_of("web", "default", Protocol.TCP, is_ping=True) == Question(host="web", port=0, protocol="ICMP")


def test_a_question_comes_through_the_agent_s_route_as_it_was():
    words = Words(
        target="web:53", source="external", node="node-1", namespace="shop", protocol=Protocol.UDP, is_ping=True
    )
    assert words_of(words.query()) == words
    assert words_of({"target": "web:80"}) == Words(target="web:80")


@pytest.mark.parametrize(
    ("query", "message"), [({}, "target is missing"), ({"target": "a:1", "protocol": "X"}, "TCP or UDP")]
)
def test_a_query_that_makes_no_sense_is_refused(query, message):
    with pytest.raises(QuestionError, match=message):
        words_of(query)
