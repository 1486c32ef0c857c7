"""Where in the user's own code an error arose: file and line, without the folders of this machine."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

_PACKAGE = Path(__file__).parents[2]
_STANDARD = Path(sysconfig.get_path("stdlib"))
_INSTALLED = {"site-packages", "dist-packages"}
_CELLS = "ipykernel_"  # begins the folder that a notebook's kernel names its cells after


def own_place(error: BaseException) -> str:
    """Return the last line that an error passed which belongs to no installed library: "habits.py, line 31".

    What an error was made of comes first.  "" if it passed no such line; a cell of a notebook has no name.
    """
    causes = own_place(error.__cause__) if error.__cause__ else ""
    places = (_place(frame) for frame in reversed(traceback.extract_tb(error.__traceback__)))
    return causes or next(filter(None, places), "")


def _place(frame: traceback.FrameSummary) -> str:
    file = Path(frame.filename)
    if file.parent.name.startswith(_CELLS):
        return f"notebook cell, line {frame.lineno}"
    of_a_library = {_PACKAGE, _STANDARD} & {*file.parents} or _INSTALLED & {*file.parts}
    return "" if of_a_library or file.name.startswith("<") else f"{file.name}, line {frame.lineno}"
