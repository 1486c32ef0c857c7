"""The program that runs a study: whether worker processes may load it, as Python makes each of them do.

A script's calls outside `if __name__ == "__main__":` would be made again in every worker; a notebook has no file.
"""

from __future__ import annotations

import ast
import sys
import threading
from pathlib import Path
from types import FrameType

GUARD_ADVICE = 'put the call of abm.run below `if __name__ == "__main__":`, or use workers=1'
NOTEBOOK_ADVICE = "define theories and KPIs in a module that the notebook imports, or use workers=1"


def advice() -> str:
    """Return what to do if worker processes cannot load the program."""
    return GUARD_ADVICE if _file() else NOTEBOOK_ADVICE


def is_unguarded() -> bool:
    """Return whether a script is at a call that every worker process would make again."""
    file, line = _file(), _line()
    if not file or line is None:
        return False
    try:
        page = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):  # no text, such as a program that starts Python
        return False
    guards = [node for node in page.body if isinstance(node, ast.If) and "__name__" in ast.dump(node.test)]
    return not any(guard.lineno <= line <= (guard.end_lineno or 0) for guard in guards)


def _file() -> str | None:
    return getattr(sys.modules["__main__"], "__file__", None)


def _line() -> int | None:
    """Return the line of the script, outside its functions, that the main thread is at."""
    frame: FrameType | None = sys._current_frames().get(threading.main_thread().ident or 0)
    space = vars(sys.modules["__main__"])
    while frame and not (frame.f_globals is space and frame.f_code.co_name == "<module>"):
        frame = frame.f_back
    return frame.f_lineno if frame else None
