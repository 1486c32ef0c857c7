"""The door: a port of this machine, and of no other address, on which the page is served."""

from __future__ import annotations

import socket

from abm.core.errors import Refusal
from abm.view.page.guard import ADDRESS

_TRIED = 20  # ports, one after the other
_LAST_PORT = 65535


def listening(port: int) -> socket.socket:
    """Return a socket on 127.0.0.1 that listens on the port, or on the next one that is free; 0 = any.

    Raises Refusal for what is no port, and where none of the next ones is free.
    """
    if not 0 <= port <= _LAST_PORT:
        raise Refusal(f"= {port} is no port; take one from 1024 to {_LAST_PORT}", place="--port")
    last = min(port + _TRIED, _LAST_PORT + 1) if port else 1
    for one in range(port, last):
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((ADDRESS, one))
            found.listen()
        except OSError:
            found.close()
            continue
        return found
    raise Refusal(f"= {port}: none of the ports from {port} to {last - 1} is free; name another", place="--port")
