"""I/O: the small files that a Corefile names: itself, what it imports, resolv.conf and hosts files."""

import glob
import logging
from collections.abc import Mapping
from pathlib import Path

from .config import DnsConfig, configure
from .corefiletokens import CorefileProblem
from .hostsfile import MAX_OCTETS
from .model import Labels
from .plugins.forward import Upstream
from .resolvconf import nameservers, search_domains

log = logging.getLogger(__name__)

MAX_COREFILE = 1 << 20  # octets
RESOLV_CONF = "/etc/resolv.conf"


def read_corefile(path: Path, environment: Mapping[str, str]) -> tuple[DnsConfig | None, tuple[CorefileProblem, ...]]:
    """The settings of a Corefile on disk, or its errors; files that it imports are looked for beside it."""
    text = read_text(path, MAX_COREFILE)
    if text is None:
        return None, (CorefileProblem(str(path), 0, f"Corefile '{path}' cannot be read"),)
    return configure(text, file=str(path), environment=environment, load=_load)


def _load(pattern: str, importing: str) -> tuple[tuple[str, str], ...] | str:
    """The files that an `import` means, relative to the file that it stands in."""
    whole = str(Path(importing).parent / pattern)
    if whole.count("*") > 1 or whole.count("?") > 1 or "[" in whole:
        return f"Glob pattern may only contain one wildcard (*), but has others: {whole}"
    paths = sorted(glob.glob(whole))
    if not paths and not {"*", "?"} & set(whole):
        return f"File to import not found: {pattern}"
    loaded: list[tuple[str, str]] = []
    for path in paths:
        text = read_text(Path(path), MAX_COREFILE)
        if text is None:
            return f"Could not import {path}: it cannot be read"
        loaded.append((path, text))
    return tuple(loaded)


def read_upstreams(path: str) -> tuple[Upstream, ...]:
    """The name servers of a resolv.conf; none if it cannot be read, which the log says."""
    text = read_text(Path(path), MAX_COREFILE)
    if text is None:
        log.warning("resolv.conf cannot be read", extra={"kv": {"path": path}})
        return ()
    return nameservers(text)


def read_search(path: str) -> tuple[Labels, ...]:
    """The search list of a resolv.conf; empty if it cannot be read."""
    return search_domains(read_text(Path(path), MAX_COREFILE) or "")


def read_text(path: Path, limit: int = MAX_OCTETS) -> str | None:
    """At most `limit` octets of a file as text; `None` if there is no file, or it may not be read."""
    try:
        with path.open("rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError):
        return None
