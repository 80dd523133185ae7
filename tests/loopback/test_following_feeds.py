"""Agents that share a state directory: what its holder decides holds for all, in whichever order it comes to them."""

import json

import pytest

from clusterless.agent.clusterfeed import ClusterFeed
from controlplane.objects import NamespacedName
from controlplane.options import ClusterOptions
from tests.files import put_long_ago

WEB = NamespacedName("default", "web")
ADDRESS = "10.96.7.7"  # one that nobody would choose alone


def service(**spec):
    metadata = {"name": "web", "namespace": "default"}
    return json.dumps(
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}], **spec}}
    )


@pytest.fixture
def folders(tmp_path):
    """The holder's manifests, and those of a follower."""
    made = tmp_path / "holder", tmp_path / "follower"
    for folder in made:
        folder.mkdir()
    return made


@pytest.fixture
def feeds(folders, tmp_path):
    started = [ClusterFeed([str(folder)], ClusterOptions(), str(tmp_path / "state")) for folder in folders]
    yield started
    for each in started:
        each.close()


def test_a_follower_that_hears_of_a_service_before_it_reads_it_keeps_the_holders_address(folders, feeds):
    (ours, theirs), (holder, follower) = folders, feeds
    put_long_ago(ours / "web.json", service(clusterIP=ADDRESS))
    assert holder.refresh().services[WEB].spec.cluster_ip == ADDRESS
    assert WEB not in follower.refresh().services
    put_long_ago(theirs / "web.json", service())
    assert follower.refresh().services[WEB].spec.cluster_ip == ADDRESS


def test_a_follower_that_reads_a_service_before_it_hears_of_it_takes_the_holders_address(folders, feeds):
    (ours, theirs), (holder, follower) = folders, feeds
    put_long_ago(theirs / "web.json", service())
    assert follower.refresh().services[WEB].spec.cluster_ip != ADDRESS
    put_long_ago(ours / "web.json", service(clusterIP=ADDRESS))
    assert holder.refresh().services[WEB].spec.cluster_ip == ADDRESS
    assert follower.refresh().services[WEB].spec.cluster_ip == ADDRESS


def test_a_service_that_is_away_for_a_moment_has_the_holders_address_when_it_is_back(folders, feeds):
    (ours, theirs), (holder, follower) = folders, feeds
    put_long_ago(ours / "web.json", service(clusterIP=ADDRESS))
    put_long_ago(theirs / "web.json", service())
    holder.refresh()
    assert follower.refresh().services[WEB].spec.cluster_ip == ADDRESS
    (theirs / "web.json").unlink()
    assert WEB not in follower.refresh().services
    put_long_ago(theirs / "web.json", service())
    assert follower.refresh().services[WEB].spec.cluster_ip == ADDRESS


def test_the_holder_itself_decides_anew_of_what_was_deleted(folders, feeds):
    (ours, _), (holder, _) = folders, feeds
    put_long_ago(ours / "web.json", service(clusterIP=ADDRESS))
    assert holder.refresh().services[WEB].spec.cluster_ip == ADDRESS
    (ours / "web.json").unlink()
    assert WEB not in holder.refresh().services
    put_long_ago(ours / "web.json", service())
    assert holder.refresh().services[WEB].spec.cluster_ip != ADDRESS
