"""The command that tests run in a lab: it takes commands for any host, a JSON line each, and tells how they ended."""

import json
import os
import sys
import tempfile

from lab.processes import execute, start
from lab.topology import Host, Role


def run(name: str, command: str) -> tuple[int, str]:
    """The exit code of a shell command on a host, and all that it wrote."""
    host = Host(name=name, role=Role.POD, addresses=(), router="", gateways=(), hostname=name)
    with tempfile.TemporaryFile("w+") as output:

        def redirected() -> int:
            for descriptor in (1, 2):
                os.dup2(output.fileno(), descriptor)
            return execute(["sh", "-c", command], os.environ)()

        _, status = os.waitpid(start(host, redirected), 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read()


def main() -> None:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(*json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
