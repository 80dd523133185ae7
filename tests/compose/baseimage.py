"""A stand-in for the image that the Dockerfile builds upon, for machines that reach no image registry.

It is packed from the Debian packages that are installed here, and holds what the slim Python image holds: Python with
pip, certificates, and apt with its keys and dpkg's records, so that `RUN apt-get install` works. It does not hold what
that image lacks (curl, dig, ip), or else a Dockerfile that forgets to install them would pass here.
"""

import io
import os
import re
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pip

ROOTS = (
    "apt",
    "ca-certificates",
    "debian-archive-keyring",
    "gpgv",
    "netbase",
    "python3",
    "python3-distutils",
    "tzdata",
)
# Nobody reads these in a container that lives for a minute.
LEFT_OUT = re.compile(
    r"/usr/share/(doc|man|info|locale|lintian|bug|perl)/.|/usr/lib/python3\.\d+/EXTERNALLY-MANAGED$|/usr/lib/x86_64-linux-gnu/perl/"
    r"|/etc/apt/apt\.conf\.d/(20packagekit|50appstream)$"  # what desktops have apt fetch
)
MERGED = ("bin", "sbin", "lib", "lib64", "lib32", "libx32")  # links to the folder of that name below /usr
EMPTY = (
    "dev",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "var/cache/apt/archives/partial",
    "var/lib/apt/lists/partial",
    "var/log/apt",
)
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# How apt gets at its packages here, besides what the packages bring.
APT = ("/etc/apt", "/usr/share/keyrings", CERTIFICATES)
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "PIP_CERT": CERTIFICATES}
TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nadm:x:4:\ntty:x:5:\nshadow:x:42:\nutmp:x:43:\nstaff:x:50:\nnogroup:x:65534:\n",
    "var/lib/dpkg/statoverride": "",
    "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "force-unsafe-io\n",  # as Debian's own images have it
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


class Package(NamedTuple):
    """An installed package; each of `needs` is a list of alternatives."""

    is_essential: bool
    needs: list[list[str]]


def installed() -> tuple[dict[str, Package], dict[str, str]]:
    """The packages by name, and for each virtual package one that provides it."""
    fields = "${Package}\t${Essential}\t${Pre-Depends}, ${Depends}\t${Provides}\t${db:Status-Abbrev}\n"
    listed = subprocess.run(["dpkg-query", "-W", "-f", fields], check=True, capture_output=True, text=True).stdout
    packages: dict[str, Package] = {}
    providers: dict[str, str] = {}
    for name, essential, depends, provides, status in (line.split("\t") for line in listed.splitlines()):
        if status.startswith("ii"):
            packages[name] = Package(
                essential == "yes", [_names(each, "|") for each in depends.split(",") if each.strip()]
            )
            for virtual in _names(provides, ","):
                providers.setdefault(virtual, name)
    return packages, providers


def closure(roots: Iterable[str]) -> set[str]:
    """The essential packages and `roots`, with all that they need. Raises KeyError for one that is not installed."""
    packages, providers = installed()
    waiting = [*roots, *(name for name, package in packages.items() if package.is_essential)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for alternatives in packages[name].needs:
            real = (each if each in packages else providers.get(each, "") for each in alternatives)
            waiting += [next((each for each in real if each in packages), name)]
    return found


def write(target: Path) -> None:
    """Write the image's files as a tar for `docker import`, each path once, which it insists on."""
    packages = closure(ROOTS)
    with tarfile.open(target, "w") as tar:
        seen: set[str] = set()
        for member in _members(tar, packages):
            if member.info.name not in seen:
                seen.add(member.info.name)
                _add(tar, member)


def _add(tar: tarfile.TarFile, member: "Member") -> None:
    if isinstance(member.content, str):
        with open(member.content, "rb") as file:
            tar.addfile(member.info, file)
    else:
        tar.addfile(member.info, io.BytesIO(member.content))


class Member(NamedTuple):
    """A path of the image."""

    info: tarfile.TarInfo
    content: bytes | str = b""  # itself, or the file that holds it


def _members(tar: tarfile.TarFile, packages: set[str]) -> Iterator[Member]:
    for name, text in {**TEXTS, "var/lib/dpkg/status": _status(packages)}.items():
        yield _text(name, text)
    for name in EMPTY:
        yield _made(name, tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755)
    for name in ("python3", "python"):
        yield _made(f"usr/local/bin/{name}", tarfile.SYMTYPE, link="/usr/bin/python3.11")
    for path in (*_package_files(packages), *_dpkg_records(packages), *_alternatives()):
        yield from _file(tar, path)
    for folder in APT:
        yield from _tree(tar, folder)
    for path in _walk(str(Path(pip.__file__).parent)):
        name = path.removeprefix(str(Path(pip.__file__).parents[1]))
        yield from _file(tar, path, f"/usr/local/lib/python3.11/dist-packages{name}")


def _package_files(packages: set[str]) -> list[str]:
    listed = subprocess.run(["dpkg-query", "-L", *sorted(packages)], check=True, capture_output=True, text=True).stdout
    return sorted({line for line in listed.splitlines() if line.startswith("/") and line != "/."} - {""})


def _status(packages: set[str]) -> str:
    """dpkg's status file, as far as it is about these packages."""
    paragraphs = Path("/var/lib/dpkg/status").read_text().split("\n\n")
    kept = (each for each in paragraphs if each.partition("\n")[0].removeprefix("Package: ") in packages)
    return "\n\n".join(kept) + "\n\n"


def _dpkg_records(packages: set[str]) -> Iterator[str]:
    yield from (f"/var/lib/dpkg/{name}" for name in ("info", "info/format", "triggers", "updates", "diversions"))
    for path in sorted(Path("/var/lib/dpkg/info").iterdir()):
        if path.name.rpartition(".")[0].partition(":")[0] in packages:
            yield str(path)


def _alternatives() -> Iterator[str]:
    """The links that update-alternatives made belong to no package."""
    for name in ("awk", "which", "pager"):
        yield from (f"/usr/bin/{name}", f"/etc/alternatives/{name}")


def _tree(tar: tarfile.TarFile, top: str) -> Iterator[Member]:
    for path in _walk(top):
        yield from _file(tar, path)


def _walk(top: str) -> Iterator[str]:
    yield top
    for folder, folders, files in os.walk(top):
        yield from (os.path.join(folder, name) for name in sorted((*folders, *files)) if name != "__pycache__")


def _file(tar: tarfile.TarFile, path: str, name: str = "") -> Iterator[Member]:
    """The path as it is here; below /usr if the folder that it is in is merged into that."""
    if LEFT_OUT.match(path) or "/__pycache__/" in path or not os.path.lexists(path):
        return
    top, below, _ = path.lstrip("/").partition("/")
    if top in MERGED and os.path.islink(f"/{top}") and below:
        path = f"/usr{path}"
    info = tar.gettarinfo(path, (name or path).lstrip("/"))
    if info is None:
        return
    if info.islnk():
        info.type, info.size = tarfile.REGTYPE, os.stat(path).st_size
    info.uname = info.gname = ""
    yield Member(info, path if info.isreg() else b"")


def _text(name: str, text: str) -> Member:
    info = tarfile.TarInfo(name)
    info.size = len(text.encode())
    return Member(info, text.encode())


def _made(name: str, kind: bytes, mode: int = 0o777, link: str = "") -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname = kind, mode, link
    return Member(info)


def _names(text: str, separator: str) -> list[str]:
    """Package names of a dependency field, without versions and architectures."""
    return [re.split(r"[ :(]", each.strip())[0] for each in text.split(separator) if each.strip()]
