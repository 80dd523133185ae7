"""I/O: runs things on a lab's hosts, each in its host's namespaces, with the host's name and resolver."""

import fcntl
import os
import signal
import socket
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .forked import fork
from .linux import CLONE_NEWNS, CLONE_NEWUTS, MS_PRIVATE, MS_REC, bind, die_with_parent, enter_network, mount, unshare
from .network import tune
from .topology import Host

RUN = Path("/run/lab")

# A proxy of the machine's network cannot be reached from inside.
_PROXIES = {"http_proxy", "https_proxy", "ftp_proxy", "all_proxy"}


def start(host: Host, function: Callable[[], int], prepare: Callable[[], None] | None = None) -> int:
    """Fork, prepare the standard streams, enter the host, run the function and exit with what it returns.

    Returns the process id. Without `prepare` it shares our standard streams, and our terminal.
    """
    parent = os.getpid()
    return fork(lambda: _run(host, function, parent, prepare))


def logging_to(log: Path) -> Callable[[], None]:
    """For `start`: no terminal, so that Ctrl-C is none of its business, no standard input, and output to a file."""

    def redirect() -> None:
        os.setsid()
        null = os.open("/dev/null", os.O_RDONLY)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        _use(null, out, out)

    return redirect


def with_streams(descriptors: Sequence[int]) -> Callable[[], None]:
    """For `start`: somebody else's standard input, output and error output, in a session of its own."""

    def redirect() -> None:
        os.setsid()
        _use(*descriptors)

    return redirect


def at_terminal(terminal: int) -> Callable[[], None]:
    """For `start`: a terminal of its own, so that there are job control and Ctrl-C."""

    def control() -> None:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        _use(terminal, terminal, terminal)

    return control


def _use(*descriptors: int) -> None:
    for target, source in enumerate(descriptors):
        os.dup2(source, target)


def execute(argv: Sequence[str], environment: Mapping[str, str], folder: str = "") -> Callable[[], int]:
    """A function for `start` that becomes another program, in a folder if it is there on this host."""
    variables = {name: value for name, value in environment.items() if name.lower() not in _PROXIES}

    def become() -> int:
        if folder and os.path.isdir(folder):
            os.chdir(folder)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and other programs do not expect that
        try:
            os.execvpe(argv[0], list(argv), variables)
        except (FileNotFoundError, PermissionError) as error:
            print(f"{argv[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201  what a shell would say
            return 127 if isinstance(error, FileNotFoundError) else 126

    return become


def processes_in(network: str) -> list[int]:
    """The processes that are in a network namespace; none where there is no such namespace."""
    try:
        wanted = Path("/run/netns", network).stat().st_ino
    except FileNotFoundError:
        return []
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _network_of(path) == wanted]


def _network_of(process: Path) -> int:
    """The number of its network namespace; 0 for one that has ended meanwhile."""
    try:
        return (process / "ns/net").stat().st_ino
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _run(host: Host, function: Callable[[], int], parent: int, prepare: Callable[[], None] | None) -> int:
    die_with_parent(parent)
    signal.set_wakeup_fd(-1)  # it is our parent's event loop that is woken there
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if prepare is not None:
        prepare()
    _enter(host)
    return function()


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
