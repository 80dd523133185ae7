"""What all connections of one listener share."""

import msgspec

from .counters import Counters
from .model import Chooser
from .reactor import Reactor
from .relaysettings import RelaySettings
from .throttle import Throttle


class Line(msgspec.Struct, frozen=True):
    """The surroundings of a dial and of a relay."""

    reactor: Reactor
    chooser: Chooser
    counters: Counters
    settings: RelaySettings
    failures: Throttle  # of log lines about dials
