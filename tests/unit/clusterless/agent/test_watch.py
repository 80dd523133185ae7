from pathlib import Path

from clusterless.agent.watch import Watched, watched


def test_a_folder_is_watched_with_all_below_and_its_parent_for_its_return(tmp_path: Path):
    folder = tmp_path / "manifests"
    folder.mkdir()
    assert watched([str(folder)]) == Watched(frozenset({folder}), frozenset(), frozenset({tmp_path}))


def test_a_file_is_watched_by_its_folder_alone(tmp_path: Path):
    assert watched([str(tmp_path / "web.yaml")]) == Watched(folders=frozenset({tmp_path}))


def test_what_is_not_there_is_watched_by_the_nearest_folder_that_is(tmp_path: Path):
    assert watched([str(tmp_path / "not" / "yet" / "web.yaml")]) == Watched(folders=frozenset({tmp_path}))


def test_a_link_is_watched_where_it_stands_and_where_it_leads(tmp_path: Path):
    (tmp_path / "real" / "manifests").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to("real/manifests")
    target = tmp_path / "real" / "manifests"
    assert watched([str(link)]) == Watched(
        frozenset({link, target}), frozenset(), frozenset({tmp_path, tmp_path / "real"})
    )


def test_standard_input_is_not_watched():
    assert watched(["-"]) == Watched()


def test_beside_a_folder_only_the_folder_matters():
    places = Watched(frozenset({Path("/etc/manifests")}), frozenset({Path("/run")}), frozenset({Path("/etc")}))
    assert places.concerns(["/etc/manifests"])
    assert places.concerns(["/etc/manifests/web.yaml"])
    assert places.concerns(["/run/anything"])
    assert not places.concerns(["/etc/passwd", "/etc/hosts"])


def test_what_comes_or_goes_is_a_folder_of_ours_or_something_in_it():
    places = Watched(frozenset({Path("/etc/manifests")}), frozenset({Path("/run")}), frozenset({Path("/etc")}))
    assert places.holds(["/etc/other", "/etc/manifests"])
    assert places.holds(["/run"])
    assert not places.holds(["/etc/manifests/web.yaml", "/run/web.yaml", "/etc"])
