"""I/O: walks the tour in a lab, shows each command with its answer, and checks every answer."""

import re
import time
from collections.abc import Callable, Sequence

from .tour import TOUR, Action, Kind, Runner, StartNode, Step, StopNode

_AGAIN_SECONDS = 0.5  # after a wrong answer that may still become right


def walk(runner: Runner, say: Callable[[str], None], tour: Sequence[Kind] = TOUR) -> int:
    """Walk a tour, the whole one by default; returns 0 when every answer was right, else 1, having told which not."""
    answers = []
    for number, kind in enumerate(tour, 1):
        say(f"\n{number}. {kind.title}")
        answers += [_act(runner, action, say) for action in kind.actions]
    right, wrong = answers.count(True), answers.count(False)
    say(f"\n{right} answers right, {wrong} wrong")
    return 1 if wrong else 0


def _act(runner: Runner, action: Action, say: Callable[[str], None]) -> bool | None:
    """Take one action; whether its answer was right, `None` if it has none."""
    match action:
        case StopNode():
            say(f"  $ {runner.stop_node(action.node)}")
        case StartNode():
            say(f"  $ {runner.start_node(action.node)}")
        case Step():
            return _take(runner, action, say)
    return None


def _take(runner: Runner, step: Step, say: Callable[[str], None]) -> bool:
    say(f"  {step.host}$ {step.command}")
    deadline = time.monotonic() + step.patience
    while not (is_right := _is_right(step, output := runner.run(step.host, step.command))):
        if time.monotonic() > deadline:
            break
        time.sleep(_AGAIN_SECONDS)
    for line in output.splitlines():
        say(f"  {line}")
    if not is_right:
        say(f"  WRONG: expected {step.expected}")
    return is_right


def _is_right(step: Step, output: str) -> bool:
    return re.fullmatch(step.expected, output.strip()) is not None
