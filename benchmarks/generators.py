"""I/O: the load generators, run for a moment each, and their results read."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from .model import Sample

IPERF3_ATTEMPTS = 5

_WRK_SCRIPT = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %f %f %f %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), latency:percentile(99.9), e.connect + e.read + e.write + e.status + e.timeout))
end
"""
_DNSPERF_LINES = {
    "completed": r"Queries completed:\s+(\d+)",
    "lost": r"Queries lost:\s+(\d+)",
    "rate": r"Queries per second:\s+([\d.]+)",
    "latency": r"Average Latency \(s\):\s+([\d.]+)",
}


class LoadFailedError(Exception):
    """A load generator says that it could not do its work; the text is its own."""


def wrk(folder: Path, address: str, port: int, clients: int, seconds: int, *, closes: bool = False) -> Sample:
    """HTTP requests a second, each on a connection of its own if `closes`; times in milliseconds."""
    script = folder / "report.lua"
    script.write_text(_WRK_SCRIPT)
    headers = ["-H", "Connection: close"] if closes else []
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), *headers]
    words = re.search(r"RESULT (.*)", _output([*command, f"http://{address}:{port}/"]))
    if words is None:
        raise LoadFailedError("wrk printed no result")
    requests, micros, p50, p99, p999, errors = map(float, words.group(1).split())
    details = {"p50": p50 / 1000, "p99": p99 / 1000, "p99.9": p999 / 1000, "errors": errors}
    return Sample(requests / micros * 1e6, requests, details=details)


def iperf3(address: str, port: int, streams: int, seconds: int, *, downwards: bool) -> Sample:
    """Gbit/s of that many streams, from the client to the server or `downwards`."""
    flags = ["-R"] if downwards else []
    report = _iperf3([address, "-p", str(port), "-P", str(streams), "-t", str(seconds), *flags])
    received = report["end"]["sum_received"]
    return Sample(received["bits_per_second"] / 1e9, received["bytes"] / 1e9)


def _iperf3(arguments: list[str]) -> dict[str, Any]:
    """Its report; the server serves one client at a time, and needs a moment after each."""
    for _ in range(IPERF3_ATTEMPTS):
        command = ["iperf3", "-J", "-c", *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        report: dict[str, Any] = json.loads(result.stdout)
        if "error" not in report:
            return report
        time.sleep(0.1)
    raise LoadFailedError(f"iperf3: {report['error']}")


def dnsperf(address: str, port: int, queries: Path, seconds: int, *, edns: bool = False) -> Sample:
    """Queries a second, with the average time in milliseconds and how many were lost."""
    flags = ["-e"] if edns else []
    command = ["dnsperf", "-s", address, "-p", str(port), "-d", str(queries), "-l", str(seconds)]
    text = _output([*command, "-c", "8", "-q", "200", "-t", "1", *flags])
    found = {name: re.search(pattern, text) for name, pattern in _DNSPERF_LINES.items()}
    numbers = {name: float(match.group(1)) for name, match in found.items() if match}
    codes = {f"rcode {code}": float(number) for code, number in re.findall(r"([A-Z]+) (\d+) \(", text)}
    details = {"mean": numbers.get("latency", 0.0) * 1000, "lost": numbers["lost"], **codes}
    return Sample(numbers["rate"], numbers["completed"], details=details)


def datagrams(role: str, address: str, port: int, *, what: str, window: int, seconds: float) -> Sample:
    """Datagrams (`kept`, on so many flows) or new flows (`new`, from a network) that were answered, a second."""
    arguments = [role, address, str(port), what, str(window), str(seconds)]
    count = json.loads(_output([sys.executable, "-m", "benchmarks.datagrams", *arguments]))
    return Sample(count["answered"] / count["seconds"], count["answered"], details={"lost": count["lost"]})


def _output(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if result.returncode:
        raise LoadFailedError(f"{' '.join(command)}: {result.stderr or result.stdout}")
    return result.stdout
