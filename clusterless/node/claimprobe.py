"""Notices that claimed addresses went: with a device that was down, or by a network manager that tidies up."""

import errno
import socket
from collections.abc import Collection


class ClaimProbe:
    """One claimed IPv4 address stands for all: whatever takes the route of one takes the others', too."""

    def __init__(self) -> None:
        self._address = ""
        self._was_ours = False

    def watch(self, claims: Collection[str]) -> None:
        """These addresses are claimed now."""
        if self._address not in claims:
            self._address = min((each for each in claims if ":" not in each), default="")
        self._was_ours = _is_ours(self._address)

    def is_lost(self) -> bool:
        """Whether the address was this host's when last seen, and is not any more."""
        before, self._was_ours = self._was_ours, _is_ours(self._address)
        return before and not self._was_ours


def _is_ours(address: str) -> bool:
    """Only an address of this host can be bound; port 0 is any free one."""
    if not address:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            return False
    return True
