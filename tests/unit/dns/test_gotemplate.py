import pytest

from dns.gotemplate import TemplateError, Values, compile_template, render_template

VALUES = Values(
    name="ip-0a.test.",
    zone="test.",
    qclass="IN",
    qtype="A",
    remote="10.0.0.9",
    question="IP-0a.test.",
    match=("ip-0a", "0a"),
    group={"0": "ip-0a", "1": "0a", "hex": "0a", "bad": "zz"},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{{ .Name }} {{.Zone}} {{ .Class }} {{ .Type }} {{ .Remote }}", "ip-0a.test. test. IN A 10.0.0.9"),
        ("{{ .Question.Name }}", "IP-0a.test."),
        ("{{ index .Match 1 }}", "0a"),
        ('{{ .Group.hex }} {{ index .Group "hex" }}', "0a 0a"),
        ("{{ .Group.none }}", "<no value>"),
        ("10.{{ parseInt .Group.hex 16 8 }}", "10.10"),
        ("{{ parseInt (index .Match 1) 16 0 }}", "10"),
        ("a  {{- .Type -}}  b", "aAb"),
    ],
)
def test_templates_are_filled_in(text, expected):
    assert render_template(compile_template(text), VALUES) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ .Nope }}",
        "{{ if .Name }}x{{ end }}",
        "{{ .Name",
        "{{ index .Match x }}",
        "{{ index .Group hex }}",
        "{{ }}",
        "{{ $x }}",
    ],
)
def test_what_is_not_offered_is_refused(text):
    with pytest.raises(TemplateError):
        compile_template(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ index .Match 2 }}",
        "{{ parseInt .Group.bad 16 8 }}",
        "{{ parseInt .Group.hex 16 3 }}",
        "{{ parseInt .Name 10 8 }}",
    ],
)
def test_what_fails_when_it_is_filled_in_says_so(text):
    with pytest.raises(TemplateError):
        render_template(compile_template(text), VALUES)
