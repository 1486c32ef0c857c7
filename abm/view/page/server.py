"""The server: the page on 127.0.0.1, on a free port, until Ctrl-C."""

from __future__ import annotations

import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI
from nicegui import ui

from abm.core.errors import Refusal
from abm.view.page.desk import Desk
from abm.view.page.guard import ADDRESS, Guard
from abm.view.page.layout import TITLE, declare

_TRIED = 20  # ports, one after the other
_LAST_PORT = 65535
_FAVICON = "◔"


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


def serve(desk: Desk, door: socket.socket, ready: Callable[[str], None]) -> None:
    """Show the page until Ctrl-C.

    door  : a socket that listens        ready : called with the page's address as soon as it can be visited
    """
    port = door.getsockname()[1]
    app = FastAPI(openapi_url=None)
    declare(desk)
    ui.run_with(app, title=TITLE, favicon=_FAVICON, reconnect_timeout=60.0, tailwind=False, show_welcome_message=False)
    config = uvicorn.Config(Guard(app, port), log_level="warning", ws_max_size=8 * 2**20)
    server = _Server(config, lambda: ready(f"http://{ADDRESS}:{port}"))
    try:
        server.run(sockets=[door])
    except KeyboardInterrupt:  # which is how it is ended
        pass
    finally:
        desk.exploration.close()


def show_in_browser(address: str) -> None:
    """Open the page in a browser, if this machine has a screen."""
    if sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


class _Server(uvicorn.Server):
    """A server that says when it can be visited, and that ends at once."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End without waiting for pages that are still open."""
        self.force_exit = True
        super().handle_exit(sig, frame)
