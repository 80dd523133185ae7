"""I/O: runs things on a lab's hosts, each in its host's namespaces, with the host's name and resolver."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .forked import fork
from .linux import CLONE_NEWNS, CLONE_NEWUTS, MS_PRIVATE, MS_REC, bind, die_with_parent, enter_network, mount, unshare
from .network import tune
from .topology import Host

RUN = Path("/run/lab")

# A proxy of the machine's network cannot be reached from inside.
_PROXIES = {"http_proxy", "https_proxy", "ftp_proxy", "all_proxy"}


def start(host: Host, function: Callable[[], int], *, log: Path | None = None) -> int:
    """Fork, enter the host, run the function and exit with what it returns; returns the process id.

    With `log`, the process has no terminal and no standard input, and writes its output there.
    """
    parent = os.getpid()
    return fork(lambda: _run(host, function, parent, log))


def execute(argv: Sequence[str], environment: Mapping[str, str]) -> Callable[[], int]:
    """A function for `start` that becomes another program."""
    variables = {name: value for name, value in environment.items() if name.lower() not in _PROXIES}

    def become() -> int:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and other programs do not expect that
        try:
            os.execvpe(argv[0], list(argv), variables)
        except (FileNotFoundError, PermissionError) as error:
            print(f"{argv[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201  what a shell would say
            return 127 if isinstance(error, FileNotFoundError) else 126

    return become


def processes_in(network: str) -> list[int]:
    """The processes that are in a network namespace."""
    wanted = Path("/run/netns", network).stat().st_ino
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _network_of(path) == wanted]


def _network_of(process: Path) -> int:
    """The number of its network namespace; 0 for one that has ended meanwhile."""
    try:
        return (process / "ns/net").stat().st_ino
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _run(host: Host, function: Callable[[], int], parent: int, log: Path | None) -> int:
    die_with_parent(parent)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    if log is not None:
        os.setsid()  # Ctrl-C is for the command that the user runs
        _redirect(log)
    _enter(host)
    return function()


def _redirect(log: Path) -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, target)


def _enter(host: Host) -> None:
    enter_network(host.network)
    unshare(CLONE_NEWNS | CLONE_NEWUTS)
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    socket.sethostname(host.hostname)
    for target in ("/etc/resolv.conf", "/etc/hosts"):
        bind(RUN / "hosts" / host.name / Path(target).name, _mount_point(target))
    tune(host)


def _mount_point(target: str) -> str:
    """Where to bind: a link into /run, which is ours and empty, gets a file to be bound over."""
    path = Path(os.path.realpath(target))
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return str(path)
