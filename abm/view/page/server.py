"""The server: the page on 127.0.0.1, on a free port, until Ctrl-C."""

from __future__ import annotations

import logging
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

from abm.view.page.desk import Desk
from abm.view.page.guard import ADDRESS, Guard
from abm.view.page.layout import TITLE, declare

_FAVICON = "◔"


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
        desk.exploration.close(wait=False)


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
        logging.getLogger("uvicorn.error").disabled = True  # what is cut off now is no error
        super().handle_exit(sig, frame)
