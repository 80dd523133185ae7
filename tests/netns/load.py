"""Asks a Service over and over from several threads, until a file appears; notes each connection and how it ended.

`load.py ADDRESS NOTES STOP`: a line of NOTES is `END SECONDS POD`: when it ended (seconds since 1970), how long it took
and who answered, `-` for nobody.
"""

import http.client
import sys
import threading
import time
from pathlib import Path

THREADS = 4
PATIENCE = 5.0  # seconds
PAUSE = 0.02  # seconds between two connections: who else runs on this machine goes on running
LONGEST = 120.0  # bounds the load, whatever happens to the test


def ask(address: str) -> str:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("GET", "/hostname")
        return connection.getresponse().read().decode().strip()
    except (OSError, http.client.HTTPException):
        return "-"
    finally:
        connection.close()


def main(address: str, notes: str, stop: str) -> None:
    end = time.monotonic() + LONGEST
    with Path(notes).open("w", buffering=1) as out:

        def go_on() -> None:
            while not Path(stop).exists() and time.monotonic() < end:
                started = time.monotonic()
                pod = ask(address)
                out.write(f"{time.time()} {time.monotonic() - started} {pod}\n")
                time.sleep(PAUSE)

        threads = [threading.Thread(target=go_on) for _ in range(THREADS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
