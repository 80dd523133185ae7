"""Tells whoever started us how we are, as sd_notify(3) does: one datagram to the socket in NOTIFY_SOCKET."""

import os
import socket


def notify(*lines: str) -> None:
    """Send states such as `READY=1` or `STATUS=...`; without a listener nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # A leading @ stands for the NUL of an abstract address.
    target = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.sendto("\n".join(lines).encode(), target)
        except (FileNotFoundError, ConnectionRefusedError, PermissionError):
            return  # the listener has gone; to be told that would help nobody
