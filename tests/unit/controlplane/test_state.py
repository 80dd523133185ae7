import pytest

from controlplane.clusterstate import ClusterState, StoredPod
from controlplane.state import LoadBalancerFile, StateDirectory, StateError

STATE = ClusterState(pods={"default/web": StoredPod(node="n1", ips=("10.244.0.5",))}, serial=7)


@pytest.fixture
def holder(tmp_path):
    directory = StateDirectory(tmp_path / "state")
    assert directory.hold()
    yield directory
    directory.close()


def test_what_the_holder_saves_others_load(holder):
    holder.save(STATE)
    assert StateDirectory(holder.path).load() == STATE


def test_nothing_was_decided_where_there_is_no_file(tmp_path):
    assert StateDirectory(tmp_path / "none").load() == ClusterState()


def test_one_holds_and_the_next_follows(holder):
    other = StateDirectory(holder.path)
    assert not other.hold()
    holder.close()
    assert other.hold()
    assert other.hold()
    other.close()


def test_the_load_balancer_s_addresses_are_part_of_everybody_s_state(holder):
    holder.save(STATE)
    balancer = LoadBalancerFile(holder.path)
    assert balancer.hold()  # it is another lock
    balancer.save({"default/web": ("203.0.113.1",)})
    assert StateDirectory(holder.path).load().load_balancers == {"default/web": ("203.0.113.1",)}
    merged = holder.merged(STATE)
    assert merged.load_balancers == {"default/web": ("203.0.113.1",)}
    assert holder.merged(merged) is merged
    balancer.close()


def test_a_file_with_other_content_is_refused_with_what_to_do(holder):
    (holder.path / "state.json").write_text("[]")
    with pytest.raises(StateError, match=r"state\.json: .*; move it away"):
        holder.load()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match=r"--state-dir .*/file/state: Not a directory"):
        StateDirectory(tmp_path / "file" / "state").hold()


def test_a_half_written_file_leaves_nothing_behind(holder):
    holder.save(STATE)
    assert sorted(each.name for each in holder.path.iterdir()) == ["lock", "state.json"]
