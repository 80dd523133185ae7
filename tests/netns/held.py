"""Holds one connection to a Service: asks once, waits until a file appears, asks once more over the same connection.

`held.py ADDRESS ANSWERS GO`: each answer is a line of ANSWERS.
"""

import http.client
import sys
import time
from pathlib import Path


def main(address: str, answers: str, go: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=10)
    with Path(answers).open("w", buffering=1) as out:
        for wait_for in ("/", go):
            while not Path(wait_for).exists():
                time.sleep(0.02)
            connection.request("GET", "/hostname")
            out.write(connection.getresponse().read().decode().strip() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
