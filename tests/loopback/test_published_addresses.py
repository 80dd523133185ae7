import pytest

from clusterless.agent.clusterfeed import ClusterFeed
from controlplane.objects import NamespacedName
from controlplane.options import ClusterOptions
from controlplane.state import LoadBalancerFile

WEB = NamespacedName("default", "web")
MANIFEST = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, ports: [{port: 80}]}
"""


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "web.yaml"
    path.write_text(MANIFEST)
    return str(path)


@pytest.fixture
def state(tmp_path):
    return str(tmp_path / "state")


@pytest.fixture
def feed(manifest, state):
    """Starts feeds, and ends them."""
    started = []

    def start(**more):
        started.append(ClusterFeed([manifest], ClusterOptions(), state, **more))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def balancer(tmp_path):
    file = LoadBalancerFile(tmp_path / "state")
    assert file.hold()
    yield file
    file.close()


def addresses(feed):
    return [each.ip for each in feed.refresh().services[WEB].status.load_balancer.ingress]


def test_what_the_load_balancer_gives_is_everybodys_status(feed, balancer):
    holder, follower = feed(), feed()
    assert addresses(holder) == addresses(follower) == []
    balancer.save({"default/web": ("203.0.113.1",)})
    assert addresses(holder) == addresses(follower) == ["203.0.113.1"]
    balancer.save({})
    assert addresses(holder) == addresses(follower) == []


def test_both_watch_for_it(feed, balancer, manifest, state):
    holder, follower = feed(), feed()
    assert holder.watched == (manifest, f"{state}/load-balancers")
    assert follower.watched == (manifest, state)


def test_who_does_not_decide_leaves_the_state_to_others(feed, balancer):
    follower = feed(decides=False)
    follower.refresh()
    holder = feed()
    ports = {each.refresh().services[WEB].spec.ports[0].node_port for each in (holder, follower)}
    assert len(ports) == 1


def test_a_file_that_is_no_list_of_addresses_changes_nothing(feed, balancer, caplog):
    holder = feed()
    balancer.save({"default/web": ("203.0.113.1",)})
    assert addresses(holder) == ["203.0.113.1"]
    (balancer.path / "addresses.json").write_text("{")
    assert addresses(holder) == ["203.0.113.1"]
    assert "state is not readable" in caplog.text
