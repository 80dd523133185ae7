"""Problems are told in kubectl's words, each with its place."""

from controlplane.problems import Problem, Reason, Severity, render


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
