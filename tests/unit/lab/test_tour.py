"""The guide shows every command with its answer, waits where that takes effect later, and knows right from wrong."""

import re

from lab.tour import TOUR, StartNode, Step, StopNode
from lab.tourguide import walk

ANSWERS = {  # a lab in which all is well, by how a step's expectation begins
    r"10\.\d": "10.96.0.1",
    r"10\.244": "10.244.0.1",
    r"(example-app": "example-app-a\nexample-app-b\nexample-app-c",
    r"example-app": "example-app-a",
    r"curl: \(28": "curl: (28) Connection timed out",
    r"curl: \(7": "curl: (7) Failed to connect",
    r"external\.example\.com\.": "external.example.com.\n198.51.100.80",
    r"external\.example\.com": "external.example.com",
    r"host-10": "host-10-0-1-101",
    "db-0": "db-0",
    "db-1": "db-1",
}


class Pretended:
    """Answers as a lab would; `wrong` are commands that are answered wrongly that many times."""

    def __init__(self, wrong: dict[str, int]) -> None:
        self.wrong = wrong
        self.did: list[str] = []

    def run(self, _host: str, command: str) -> str:
        step = next(step for step in STEPS if step.command == command)
        if self.wrong.get(command, 0) > 0:
            self.wrong[command] -= 1
            return "something else"
        if "\\n" in step.expected and not step.expected.startswith(("(", "external")):
            number = 4 if "{3}" in step.expected else 2
            return "\n".join([answer_to(step)] * number)
        return answer_to(step) + "\n"

    def stop_node(self, node: str) -> str:
        self.did.append(f"stop {node}")
        return self.did[-1]

    def start_node(self, node: str) -> str:
        self.did.append(f"start {node}")
        return self.did[-1]


STEPS = [action for kind in TOUR for action in kind.actions if isinstance(action, Step)]


def answer_to(step: Step) -> str:
    return next(answer for begin, answer in ANSWERS.items() if step.expected.startswith(begin))


def test_a_tour_with_only_right_answers_ends_with_0_and_shows_all_of_them():
    shown: list[str] = []
    runner = Pretended({})
    assert walk(runner, shown.append) == 0
    assert shown[-1] == f"\n{len(STEPS)} answers right, 0 wrong"
    assert [line for line in shown if line.startswith("  client$")]
    assert runner.did == ["stop node-2", "start node-2"]


def test_a_wrong_answer_is_told_and_ends_it_with_1():
    shown: list[str] = []
    assert walk(Pretended({STEPS[0].command: 1}), shown.append) == 1
    assert f"  WRONG: expected {STEPS[0].expected}" in shown
    assert shown[-1] == f"\n{len(STEPS) - 1} answers right, 1 wrong"


def test_where_something_has_to_take_effect_a_wrong_answer_may_become_right():
    patient = next(step for step in STEPS if step.patience)
    assert walk(Pretended({patient.command: 1}), lambda _: None) == 0


def test_the_tour_visits_all_that_it_promises():
    titles = " ".join(kind.title for kind in TOUR)
    for kind in ("ClusterIP", "ExternalIP", "NodePort", "LoadBalancer", "Headless", "ExternalName", "Without selector"):
        assert kind in titles
    actions = [action for kind in TOUR for action in kind.actions]
    kinds = [type(action) for action in actions]
    assert Step in kinds[kinds.index(StopNode) : kinds.index(StartNode)]
    assert all(re.compile(step.expected) for step in STEPS)
