"""The page on plugins says what is so."""

import re
from pathlib import Path

import pytest

from dns.config import configure
from dns.plugins import PLUGINS

PAGE = (Path(__file__).parents[3] / "docs" / "dns-plugins.md").read_text()
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE))
NOT_OFFERED = [
    ("acl", "acl {\n block file x\n}"),
    ("autopath", "autopath /etc/resolv.conf"),
    ("bind", "bind lo"),
    ("bind", "bind 0.0.0.0"),
    ("bind", "bind 127.0.0.1 {\n except 127.0.0.2\n}"),
    ("cache", "cache {\n prefetch 5\n}"),
    ("cache", "cache {\n serve_stale\n}"),
    ("forward", "forward . 192.0.2.1 {\n tls\n}"),
    ("kubernetes", "kubernetes {\n multicluster a.test\n}"),
    ("loadbalance", "loadbalance weighted"),
    ("loadbalance", "loadbalance prefer"),
    ("rewrite", "rewrite edns0 nsid set"),
    ("rewrite", "rewrite cname exact a b"),
]


def test_every_plugin_has_its_row_in_the_order_of_the_pipeline():
    assert list(ROWS) == [plugin.name for plugin in PLUGINS]


def test_the_example_is_taken_and_loads_every_plugin():
    (example,) = re.findall(r"```corefile\n(.*?)```", PAGE, re.DOTALL)
    config, problems = configure(example)
    assert problems == ()
    assert {name for server in config.servers for name in server.named} == set(ROWS)


@pytest.mark.parametrize(("plugin", "line"), NOT_OFFERED)
def test_what_the_page_says_is_not_offered_is_refused(plugin, line):
    assert "not offered" in ROWS[plugin]
    config, problems = configure(f"cluster.local {{\n{line}\n}}")
    assert config is None
    assert {problem.plugin for problem in problems} == {plugin}


def test_every_row_that_leaves_something_out_is_tried():
    assert {plugin for plugin, _ in NOT_OFFERED} == {name for name, row in ROWS.items() if "not offered" in row}


OPTIONS = {
    "cache": "success denial servfail disable keepttl",
    "forward": "except policy max_fails max_concurrent expire force_tcp prefer_udp health_check",
    "hosts": "ttl no_reverse reload fallthrough",
    "kubernetes": "namespaces namespace_labels labels pods endpoint_pod_names ttl noendpoints fallthrough zonal",
    "template": "match answer additional authority rcode ederror fallthrough",
    "dns64": "prefix translate_all allow_ipv4",
    "transfer": "to",
    "errors": "consolidate",
    "log": "class",
    "health": "lameduck",
    "ready": "monitor",
}


@pytest.mark.parametrize(("plugin", "option"), [(name, each) for name, row in OPTIONS.items() for each in row.split()])
def test_every_option_of_the_page_is_known(plugin, option):
    """An option that is not known says so; one that is known may still want arguments."""
    assert f"`{option}" in ROWS[plugin]
    arguments = {"forward": " . 192.0.2.1", "template": " IN A"}.get(plugin, "")
    _, problems = configure(f"cluster.local {{\n{plugin}{arguments} {{\n {option} x\n}}\n}}")
    assert not [problem for problem in problems if "unknown property" in problem.message]
