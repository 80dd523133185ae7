"""Problems are told in kubectl's words, each with its place."""

import msgspec
import pytest

from controlplane.options import PortRange
from controlplane.problems import Problem, Reason, Severity, kubectl_text, render


def problem(message: str, line: int, hint: str = "", reason: Reason = Reason.INVALID) -> Problem:
    return Problem(
        severity=Severity.ERROR,
        reason=reason,
        message=message,
        source="web.yaml",
        line=line,
        column=3,
        kind="Service",
        name="web",
        hint=hint,
    )


def test_one_field_error_is_one_line():
    assert render([problem("spec.ports: Required value", 7)]) == [
        'web.yaml:7:3: The Service "web" is invalid: spec.ports: Required value'
    ]


def test_several_field_errors_of_an_object_are_a_list_below_a_heading():
    lines = render([problem("spec.type: Required value", 5), problem("spec.ports: Required value", 7, hint="name one")])
    assert lines == [
        'web.yaml:5:3: The Service "web" is invalid: ',
        "web.yaml:5:3: * spec.type: Required value",
        "web.yaml:7:3: * spec.ports: Required value",
        "    hint: name one",
    ]


def test_what_cannot_be_decoded_is_a_bad_request():
    lines = render([problem('strict decoding error: unknown field "spec.ClusterIP"', 4, reason=Reason.BAD_REQUEST)])
    assert lines == [
        'web.yaml:4:3: Error from server (BadRequest): error when creating "web.yaml": '
        'strict decoding error: unknown field "spec.ClusterIP"'
    ]


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.PARSE, "error: it is so"),
        (Reason.NO_MATCH, "error: it is so"),
        (Reason.WARNING, "Warning: it is so"),
        (Reason.INVALID, 'The Service "web" is invalid: it is so'),
        (Reason.INTERNAL, 'Error from server (InternalError): error when creating "web.yaml": it is so'),
    ],
)
def test_each_reason_is_told_as_kubectl_tells_it(reason: Reason, text: str):
    assert kubectl_text(problem("it is so", 1, reason=reason)) == text


@pytest.mark.parametrize(
    ("line", "column", "location"), [(7, 3, "web.yaml:7:3"), (7, 0, "web.yaml:7"), (0, 0, "web.yaml")]
)
def test_a_location_leaves_out_what_is_not_known(line: int, column: int, location: str):
    placed = msgspec.structs.replace(problem("it is so", line), column=column)
    assert placed.location == location


def test_a_problem_of_no_file_is_told_without_a_place():
    nowhere = msgspec.structs.replace(problem("it is so", 0, reason=Reason.WARNING), source="", column=0)
    assert render([nowhere]) == ["Warning: it is so"]


def test_two_objects_mistakes_are_told_apart():
    other = msgspec.structs.replace(problem("spec.ports: Required value", 9), name="shop")
    assert len(render([problem("spec.type: Required value", 5), other])) == 2


@pytest.mark.parametrize(
    ("port", "inside"), [(29999, False), (30000, True), (32767, True), (32768, False), ("x", False)]
)
def test_a_port_range_holds_both_its_ends(port: object, inside: bool):
    assert (port in PortRange(30000, 32767)) is inside
    assert str(PortRange(30000, 32767)) == "30000-32767"
