"""A soak that anybody may run: `python -m tests.soak [CONNECTIONS]`, a million by default, in namespaces of its own."""

import subprocess
import sys
from pathlib import Path

INSIDE = Path(__file__).parents[1] / "netns" / "inside.py"
SOAK = Path(__file__).with_name("soaking.py")
MILLION = "1000000"
LONGEST_SECONDS = 3600


def main(connections: str = MILLION) -> int:
    command = [sys.executable, str(INSIDE), str(SOAK), "soak", connections]
    return subprocess.run(command, check=False, timeout=LONGEST_SECONDS).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
