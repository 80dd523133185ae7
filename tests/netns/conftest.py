"""Network namespaces for tests: each gets a host of its own, which is gone when the test is over."""

import functools
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest

from .labs import RunningLab, is_root, user_arguments
from .warm import Warm

UNSHARE = (
    "unshare",
    *("--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
)


class InNamespace(Protocol):
    """Calls a module-level function, by its name and file, in a Python process of its own."""

    def __call__(self, function: Callable[..., Any], *arguments: str, timeout: float = 30) -> str:
        """What the function printed. It fails the test by raising, or by taking longer than `timeout` seconds."""
        ...


@functools.cache
def why_impossible(user: str = "me") -> str:
    """Why this machine does not let a user (see `labs.user_arguments`) make namespaces, `""` if it does."""
    if user != "me" and not is_root():
        return "only root can become another user; `me` is without privilege already"
    command = [*UNSHARE, "ip", "link"]
    try:
        made = subprocess.run(  # type: ignore[call-overload]
            command, check=False, capture_output=True, text=True, timeout=10, cwd="/", **user_arguments(user)
        )
    except FileNotFoundError as error:
        return f"no program {error.filename}"
    return f"no namespaces here: {made.stderr.strip()}" if made.returncode else ""


def wait_for_nodes(lab: RunningLab, balancer: str, *places: tuple[str, int]) -> None:
    """Wait until a lab's load balancer has found these addresses and ports of nodes healthy.

    It serves before that where a node is slow: it waits for the answer to one check, and asks again later.
    """
    for address, port in places:
        said = f"node is healthy. node=.* address=.{address}. port={port} "
        lab.until(balancer, f"grep -q '{said}' /run/lab/log/{balancer}")


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """What runs functions inside namespaces, for all tests."""
    process = Warm()
    yield process
    process.close()


@pytest.fixture
def in_namespace(warm: Warm) -> InNamespace:
    """A function of the test's file runs as root of fresh user, network, mount and PID namespaces.

    It finds `lo` up, and a private, empty /run, so that `ip netns add` works. The function must not be a test or
    depend on one; it may be a coroutine function. All processes that it started end with it.
    """
    if reason := why_impossible():
        pytest.skip(reason)

    def call(function: Callable[..., Any], *arguments: str, timeout: float = 30) -> str:
        code, output, errors = warm.call(function, arguments, timeout)
        assert code == 0, f"{function.__name__} failed:\n{output}{errors}"
        assert not errors, errors
        return output

    return call
