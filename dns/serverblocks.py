"""Pure: a server block's settings into the blocks of its zones, with what the server knows of itself."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from .config import ServerSettings
from .model import Labels
from .pipeline import Block
from .plugins.bind import Bind
from .plugins.forward import Forward, Upstream
from .recordoptions import RecordOptions
from .upstreams import UpstreamGroup

ReadUpstreams: TypeAlias = Callable[[str], Iterable[Upstream]]
"""Called with the path of a resolv.conf that a `forward` names: the servers in it."""


def server_blocks(
    settings: ServerSettings, read_upstreams: ReadUpstreams, local_addresses: Sequence[str]
) -> dict[Labels, Block]:
    """A block for each zone, with one state: it is the same on all addresses of its `bind`.

    `local_addresses` are those by which the server finds its own Service.
    """
    groups = _groups(settings, read_upstreams)
    blocks = {zone: Block(settings, zone, groups) for zone in settings.zones}
    for block in blocks.values():
        if block.record_options is not None:
            block.record_options = _with_own(block.record_options, block, local_addresses)
    return blocks


def _with_own(options: RecordOptions, block: Block, local_addresses: Sequence[str]) -> RecordOptions:
    """Loading `forward` or `chaos` opens all classes in CoreDNS, with what that shows of our names.

    With `bind` the plugin does not know the server's addresses (plugin/kubernetes/local.go).
    """
    local = () if block.settings.get(Bind) is not None else tuple(local_addresses)
    return msgspec.structs.replace(options, local_addresses=local, all_classes=block.opens_classes)


def _groups(settings: ServerSettings, read_upstreams: ReadUpstreams) -> tuple[UpstreamGroup, ...]:
    """The upstreams of each `forward`, with those of the files that it names."""
    forward = settings.get(Forward)
    if forward is None:
        return ()
    return tuple(
        UpstreamGroup(rule, (*rule.upstreams, *(each for path in rule.files for each in read_upstreams(path))))
        for rule in forward.rules
    )
