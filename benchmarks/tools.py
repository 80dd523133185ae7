"""I/O: the programs that take part, from Debian's packages; who is not root is told what is missing."""

import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = {
    "haproxy": "haproxy",
    "nginx": "nginx-light",
    "socat": "socat",
    "wrk": "wrk",
    "iperf3": "iperf3",
    "dnsperf": "dnsperf",
    "unbound": "unbound",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
}
_STREAM_MODULE = "libnginx-mod-stream"
_MODULES = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
_NO_SERVICE = Path("/usr/sbin/policy-rc.d")  # invoke-rc.d(8): exit code 101 keeps packages from starting their daemons


class MissingError(Exception):
    """Programs are missing; the text says how to get them."""


def ensure() -> None:
    """Install what is missing. Raises MissingError where that is not permitted."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if not (missing := _missing()):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise MissingError(
            f"missing: {' '.join(missing)}; as root: apt-get install --no-install-recommends {' '.join(missing)}"
        )
    print(f"installing: {' '.join(missing)}", flush=True)
    _install(missing)
    if left := _missing():
        raise MissingError(f"these packages did not bring what is needed: {' '.join(left)}")


def _missing() -> list[str]:
    found = [package for command, package in PACKAGES.items() if not shutil.which(command)]
    return found if _MODULES.exists() else [*found, _STREAM_MODULE]


def _install(packages: list[str]) -> None:
    keeps_quiet = not _NO_SERVICE.exists()
    if keeps_quiet:
        _NO_SERVICE.write_text("#!/bin/sh\nexit 101\n")
        _NO_SERVICE.chmod(0o755)
    try:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=env)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=True, env=env)
    finally:
        if keeps_quiet:
            _NO_SERVICE.unlink()
