"""Pictures of a small cluster, letter by letter, and the promises that every layout keeps.

`GOLDEN=write pytest tests/unit/clusterless/graph` writes the files anew: read the difference then.
"""

import itertools
import os
import random
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from clusterless.cli import cli
from clusterless.graph.dot import dot
from clusterless.graph.layout import GAP, layout
from clusterless.graph.mermaid import mermaid
from clusterless.graph.picture import Arrow, Box, BoxKey, Picture, Shape
from clusterless.graph.svg import svg

HERE = Path(__file__).parent
ROOT = HERE.parents[3]


@pytest.mark.parametrize("form", ["mermaid", "dot", "svg"])
@pytest.mark.parametrize("source", ["tests/unit/clusterless/graph/cluster.yaml", "configs/manifests"])
def test_a_picture_is_as_it_was(form: str, source: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    drawn = CliRunner().invoke(cli, ["graph", "-f", source, "-o", form]).stdout
    golden = HERE / "golden" / f"{Path(source).stem}.{form}"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(drawn)
    assert drawn == golden.read_text()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["shop"], 0, "10.96.0.20"),
        (["svc/shop"], 0, "10.96.0.20"),
        (["nowhere"], 1, 'error: services "nowhere" not found'),
        (["-n", "nowhere"], 1, "error: No resources found in nowhere namespace."),
        (["-o", "png"], 2, "'png' is not one of 'mermaid', 'dot', 'svg'"),
        (["kubernetes"], 0, "no endpoints"),
    ],
)
def test_services_are_chosen_by_name(words: list[str], code: int, text: str):
    result = CliRunner().invoke(cli, ["graph", "-f", str(HERE / "cluster.yaml"), *words])
    assert (result.exit_code, text in result.output) == (code, True), result.output
    if words[-1] == "shop":
        assert "typo" not in result.output


def test_a_picture_that_lacks_a_file_is_drawn_and_the_file_is_told():
    result = CliRunner().invoke(cli, ["graph", "-f", str(HERE / "cluster.yaml"), "-f", "/nowhere", "shop"])
    assert "10.96.0.20" in result.stdout
    assert (result.exit_code, result.stderr) == (1, '/nowhere: error: the path "/nowhere" does not exist\n')


AWKWARD = '<a "b" & \\c>'


def awkward() -> Picture:
    box = Box(BoxKey(Shape.SERVICE, "default", "x"), AWKWARD, (AWKWARD,))
    return Picture(((box,), (), (), ()), ())


def test_no_text_breaks_out_of_its_box():
    tree = ET.fromstring(svg(awkward(), AWKWARD))
    assert [each.text for each in tree.iter("{http://www.w3.org/2000/svg}text")] == [AWKWARD, AWKWARD]
    assert "#lt;a #quot;b#quot; #amp; \\c#gt;" in mermaid(awkward())
    assert r'label="<a \"b\" & \\c>\n<a \"b\" & \\c>"' in dot(awkward())


def random_picture(rng: random.Random) -> Picture:
    columns = tuple(
        tuple(
            Box(BoxKey(Shape.ENDPOINT, "", f"{column}-{row}"), "x" * rng.randrange(1, 30), ("y",) * rng.randrange(4))
            for row in range(rng.randrange(1, 12))
        )
        for column in range(4)
    )
    arrows = {
        Arrow(rng.choice(left).key, rng.choice(right).key)
        for left, right in itertools.pairwise(columns)
        for _ in range(15)
    }
    return Picture(columns, tuple(sorted(arrows)))


@pytest.mark.parametrize("seed", range(30))
def test_boxes_of_a_column_never_overlap_and_all_are_within_the_picture(seed: int):
    picture = random_picture(random.Random(seed))
    placed = layout(picture)
    for boxes in picture.columns:
        for above, below in itertools.pairwise(placed.places[box.key] for box in boxes):
            assert below.y - (above.y + above.height) > GAP - 0.2
    for place in placed.places.values():
        assert min(place.x, place.y) > 0
        assert place.x + place.width < placed.width
        assert place.y + place.height < placed.height


def test_a_lone_chain_is_level():
    keys = [BoxKey(shape, "", "x") for shape in (Shape.SERVICE, Shape.PORT, Shape.ENDPOINT, Shape.NODE)]
    boxes = [(Box(key, "x", ("y",) * number),) for number, key in enumerate(keys)]
    placed = layout(Picture(tuple(boxes), tuple(Arrow(*pair) for pair in itertools.pairwise(keys))))
    middles = {round(place.middle, 1) for place in placed.places.values()}
    assert max(middles) - min(middles) < 1.0
