"""docs/json.md names every field that programs read."""

from pathlib import Path

import msgspec
import pytest

from clusterless.explain.model import (
    Asked,
    Client,
    EndpointRow,
    Explanation,
    Finding,
    Outcome,
    OutcomeKind,
    Question,
    ServiceExplanation,
    ServiceRow,
    Step,
    Table,
)

PAGE = Path(__file__).parents[4].joinpath("docs/json.md").read_text()
STRUCTS = (
    Asked,
    Client,
    EndpointRow,
    Explanation,
    Finding,
    Outcome,
    Question,
    ServiceExplanation,
    ServiceRow,
    Step,
    Table,
)


@pytest.mark.parametrize("struct", STRUCTS)
def test_every_field_is_described(struct: type[msgspec.Struct]):
    names = {field.encode_name for field in msgspec.structs.fields(struct)}
    assert {name for name in names if f"`{name}`" not in PAGE and f"`{name}[]`" not in PAGE} <= {"apiVersion"}


@pytest.mark.parametrize("kind", OutcomeKind)
def test_every_outcome_is_described(kind: OutcomeKind):
    assert f"| `{kind.value}` |" in PAGE
