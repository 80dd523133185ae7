"""Reads scenario files: a promise, manifests, the steps that change them, and what is to be seen after each step.

    # The promise, in a sentence or two. It is what a failure prints first.
    # upstream: service.go: should do so       a test of Kubernetes' own whose promise this is; see docs/conformance.md

    === options                        optional, before everything else; the keys are in scenariocluster.py
    service-cluster-ip-range: 10.96.0.0/16

    === file web.yaml                  a manifest; above the first step, it is there in step 1
    apiVersion: v1
    ...

    === step 1                         steps are numbered from 1; a scenario of one step needs no such heading
    === services                       an expectation: the table that is to be seen, sorted as the program sorts it
    NAMESPACE   NAME   TYPE   CLUSTER-IP   PORT(S)   ENDPOINTS
    ...

    === step 2: what happens now       may have a title
    === edit web.yaml                  `-` and `+` lines replace lines, ` ` lines are there to find the place
    -    - port: 80
    +    - port: 81
    === file pods.yaml                 a new file, or all of a file's text anew
    ...
    === remove nodes.yaml
    === frontends on node-2 of web     an expectation about one node, and about some Services only

Expectations are `problems`, `services`, `frontends`, `slices`, `pods`, `dns` and `explain` (which scenarioexplain.py
describes). After each step there are no problems
but those that `problems` lists. Everything else is looked at only when it is expected; a section without lines says
that there is nothing. In expectations, columns need not be aligned, and lines that begin with `#` are remarks.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

EXPECTATIONS = ("problems", "services", "frontends", "slices", "pods", "dns", "explain")
CHANGES = ("file", "edit", "remove")

_HEADING = re.compile(r"=== (\w+)(?: +(.*))?")
_UPSTREAM = "# upstream:"
_STEP = re.compile(r"(\d+)(?:: (.+))?")


class ScenarioError(Exception):
    """The text is no scenario; the message says in which line and why."""


class Change(NamedTuple):
    """What a step does to one file; `text` is the whole of it, or the edit."""

    action: str
    file: str
    text: str


class Expectation(NamedTuple):
    """What is to be seen: on which node (`""`: the scenario's own), and of which Services (none: all).

    For `explain` the words of its question stand in place of Services.
    """

    what: str
    node: str
    services: tuple[str, ...]
    lines: tuple[str, ...]
    line: int  # of its heading


class Step(NamedTuple):
    """Changes that take effect together, and what is to be seen afterwards."""

    number: int
    title: str
    changes: tuple[Change, ...]
    expectations: tuple[Expectation, ...]


class Scenario(NamedTuple):
    """A scenario file."""

    promise: str
    options: dict[str, str]
    steps: tuple[Step, ...]
    upstream: tuple[str, ...]


class _Section(NamedTuple):
    name: str
    arguments: str
    lines: list[str]
    line: int


def parse(text: str) -> Scenario:
    """The scenario that a text holds. Raises ScenarioError, also for one that could not fail."""
    head, *sections = _sections(text)
    upstream = tuple(line.removeprefix(_UPSTREAM).strip() for line in head.lines if line.startswith(_UPSTREAM))
    own = [line for line in head.lines if line.strip() and not line.startswith(_UPSTREAM)]
    promise = " ".join(line.lstrip("# ") for line in own).strip()
    if not promise or any(not line.startswith("#") for line in own):
        raise ScenarioError("line 1: a scenario begins with its promise, in lines that begin with #")
    options: dict[str, str] = {}
    if sections and sections[0].name == "options":
        options = _options(sections.pop(0))
    return Scenario(promise, options, tuple(_steps(sections)), upstream)


def _sections(text: str) -> Iterator[_Section]:
    section = _Section("", "", [], 1)
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("==="):
            yield section
            heading = _HEADING.fullmatch(line.rstrip())
            if heading is None:
                raise ScenarioError(f"line {number}: no heading: {line}")
            section = _Section(heading[1], heading[2] or "", [], number)
        else:
            section.lines.append(line)
    yield section


def _options(section: _Section) -> dict[str, str]:
    options = {}
    for line in section.lines:
        key, colon, value = line.partition(":")
        if colon:
            options[key.strip()] = value.strip()
        elif line.strip():
            raise ScenarioError(f"line {section.line}: an option is `key: value`, not {line!r}")
    return options


def _steps(sections: list[_Section]) -> Iterator[Step]:
    """The sections step by step; those above the first heading belong to the first step."""
    groups: list[tuple[_Section, list[_Section]]] = []
    above: list[_Section] = []
    for section in sections:
        if section.name == "step":
            groups.append((section, above if not groups else []))
        elif groups:
            groups[-1][1].append(section)
        else:
            above.append(section)
    groups = groups or [(_Section("step", "1", [], 1), above)]
    for expected, (heading, members) in enumerate(groups, 1):
        matched = _STEP.fullmatch(heading.arguments)
        if matched is None or int(matched[1]) != expected:
            raise ScenarioError(f"line {heading.line}: step {expected} comes here, not {heading.arguments!r}")
        yield _step(expected, matched[2] or "", heading.line, members)


def _step(number: int, title: str, line: int, sections: list[_Section]) -> Step:
    changes = tuple(_change(section) for section in sections if section.name in CHANGES)
    expectations = tuple(_expectation(section) for section in sections if section.name in EXPECTATIONS)
    strange = next((s for s in sections if s.name not in (*CHANGES, *EXPECTATIONS)), None)
    if strange is not None:
        raise ScenarioError(f"line {strange.line}: no such section: {strange.name}")
    if not changes:
        raise ScenarioError(f"line {line}: step {number} changes nothing")
    if not expectations:
        raise ScenarioError(f"line {line}: step {number} expects nothing")
    return Step(number, title, changes, expectations)


def _change(section: _Section) -> Change:
    if not section.arguments or " " in section.arguments or "/" in section.arguments:
        raise ScenarioError(f"line {section.line}: {section.name} takes the name of one file")
    return Change(section.name, section.arguments, "\n".join(section.lines).strip("\n") + "\n")


def _expectation(section: _Section) -> Expectation:
    words = section.arguments.split()
    node = ""
    lines = tuple(line for line in section.lines if line.strip() and not line.startswith("#"))
    if section.name == "explain":
        if not words or not lines:
            raise ScenarioError(f"line {section.line}: explain takes a question, and lines of its answer")
        return Expectation(section.name, "", tuple(words), lines, section.line)
    if words[:1] == ["on"] and len(words) > 1 and section.name == "frontends":
        node, words = words[1], words[2:]
    if words and (words[0] != "of" or len(words) == 1 or section.name in ("problems", "dns", "pods")):
        raise ScenarioError(f"line {section.line}: {section.name} does not take: {section.arguments}")
    return Expectation(section.name, node, tuple(words[1:]), lines, section.line)


def edited(text: str, edit: str) -> str:
    """The text with an edit made: its hunks have empty lines between them. Raises ScenarioError if one fits nowhere."""
    for hunk in re.split(r"\n\s*\n", edit.strip("\n")):
        lines = hunk.split("\n")
        if any(line[:1] not in ("-", "+", " ") for line in lines) or all(line[0] == " " for line in lines):
            raise ScenarioError(f"an edit has lines that begin with -, + or a blank, and changes something:\n{hunk}")
        before, after = ("".join(f"{line[1:]}\n" for line in lines if line[0] in (sign, " ")) for sign in ("-", "+"))
        if ("\n" + text).count("\n" + before) != 1:
            raise ScenarioError(f"these lines are not there exactly once:\n{before}")
        text = ("\n" + text).replace("\n" + before, "\n" + after)[1:]
    return text
