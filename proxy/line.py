"""What all connections of one listener share."""

from typing import NamedTuple

from .counters import Counters
from .model import Chooser
from .reactor import Reactor
from .relaysettings import RelaySettings
from .throttle import Throttle


class Line(NamedTuple):
    """The surroundings of a dial and of a relay."""

    reactor: Reactor
    chooser: Chooser
    counters: Counters
    settings: RelaySettings
    failures: Throttle  # of log lines about dials
