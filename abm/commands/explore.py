"""`patronage explore`: the page on which a market is looked at while it runs."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from abm.commands import doing, output
from abm.core.errors import Refusal
from abm.study.plan.experiment import load
from abm.study.plan.overrides import overrides
from abm.view.page.desk import Desk
from abm.view.page.door import listening
from abm.view.page.exploration import Exploration
from abm.view.page.shelf import Shelf

FOLDER = Path("experiments")
FIRST = "retail (preset)"


def main(
    file: Path | None, own: Sequence[Path], sets: Sequence[str], seed: int | None, port: int, browser: bool
) -> int:
    """Show the page until Ctrl-C; return the exit code.  Raises Refusal for what cannot be looked at."""
    desk = opened(file, own, sets, seed)
    server = _server()
    door = listening(port)
    found = door.getsockname()[1]
    if port not in (0, found):
        output.note(f"port {port} is taken; the page is on the next one, {found}")

    def ready(address: str) -> None:
        output.lines(f"{address}  (Ctrl-C ends it)")
        if browser:
            server.show_in_browser(address)

    server.serve(desk, door, ready)
    return 0


def opened(file: Path | None, own: Sequence[Path], sets: Sequence[str], seed: int | None) -> Desk:
    """Return the desk with a study on it, a preset if no file is named.  Raises Refusal."""
    if file is None:
        shelf = Shelf(FOLDER if FOLDER.is_dir() else Path(), own)
        study = overrides(shelf.open(FIRST), sets, None, seed)
        return Desk(Exploration(study), shelf, FIRST)
    try:
        filed = load(file, own)
        study = overrides(filed, sets, None, seed)
    except Refusal as refusal:
        raise doing.with_origin(refusal, file, seed=seed) from None
    return Desk(Exploration(study), Shelf(file.parent, own), file.name, filed)


def _server() -> Any:
    """Return the module that serves the page; Refusal if what it needs is not installed."""
    try:
        return importlib.import_module("abm.view.page.server")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("abm"):
            raise
        raise Refusal('the page needs NiceGUI, which is an extra: pip install "patronage[page]"') from None
