"""What a Docker engine could leave behind on a machine, as text to compare before and after."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ENGINES = ("dockerd", "containerd", "containerd-shim", "containerd-shim-runc-v2", "runc", "docker-proxy")
# What counts or learns by itself.
RESTLESS = ("nf_conntrack_count", "conntrack/nf_conntrack_buckets", "/neigh/", "fou/", "random/")
FOLDERS = ("/etc/docker", "/run/docker", "/run/containerd", "/opt/containerd", "/var/lib/docker")


def state() -> dict[str, list[str]]:
    """Links, addresses, routes, rules, packet filters, sysctls, mounts, engines' processes and folders."""
    return {
        "links": _printed("ip", "-o", "-brief", "link"),
        "addresses": _printed("ip", "-o", "-brief", "address"),
        "routes": _printed("ip", "route", "show", "table", "all"),
        "rules": _printed("ip", "rule"),
        "filters": _printed("nft", "list", "ruleset") + _printed("iptables-save"),
        "sysctls": sorted(_sysctls()),
        "mounts": sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "processes": sorted(_engines()),
        "folders": [folder for folder in FOLDERS if Path(folder).exists()],
    }


def free_memory() -> int:
    """In bytes, as far as nobody would miss it."""
    (line,) = (line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable:"))
    return int(line.split()[1]) * 1024


def _printed(*command: str) -> list[str]:
    if shutil.which(command[0]) is None:
        return []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return sorted(line for line in done.stdout.splitlines() if not line.startswith("#"))


def _sysctls() -> Iterator[str]:
    for path in Path("/proc/sys/net").rglob("*"):
        if any(each in str(path) for each in RESTLESS):
            continue
        try:
            yield f"{path} = {path.read_text().strip()}"
        except OSError:  # folders, and what can only be written
            continue


def _engines() -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "comm").read_text().strip()
        except OSError:  # it has ended meanwhile
            continue
        if name in ENGINES:
            yield f"{folder.name} {name}"
