"""The command that tests run in a lab: a line has commands for hosts, which run at once, and one how they ended."""

import json
import os
import sys
import tempfile
from typing import NamedTuple, TextIO

from lab.processes import execute, start
from lab.topology import Host, Role


class Running(NamedTuple):
    """A shell command, and what it writes."""

    pid: int
    output: TextIO

    def ended(self) -> tuple[int, str]:
        """Wait for its end; returns its exit code, and all that it wrote."""
        _, status = os.waitpid(self.pid, 0)
        with self.output as output:
            output.seek(0)
            return os.waitstatus_to_exitcode(status), output.read()


def run(name: str, command: str) -> Running:
    """Start a shell command on a host."""
    host = Host(name=name, role=Role.POD, addresses=(), router="", gateways=(), hostname=name)
    output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed at its end

    def redirected() -> int:
        for descriptor in (1, 2):
            os.dup2(output.fileno(), descriptor)
        return execute(["sh", "-c", command], os.environ)()

    return Running(start(host, redirected), output)


def main() -> None:
    for line in sys.stdin:
        running = [run(*each) for each in json.loads(line)]
        sys.stdout.write(json.dumps([each.ended() for each in running]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
