"""How far runs are, in words, and where a notebook shows it by itself."""

from __future__ import annotations

import importlib
import math
import sys
import time
from collections.abc import Callable
from typing import Any

from abm.core.errors import counted
from abm.study.running.estimate import duration_in_words

Progress = Callable[[int, int, int, float], None]

AT_FIRST = 3.0  # seconds that a study may take before a notebook shows how far it is
AGAIN = 0.5  # seconds between two looks at it
_BAR = '<progress value="{}" max="{}"></progress> {}'  # of figures and our own words alone
_OF_NOTEBOOKS = "ZMQInteractiveShell"  # the class of IPython that runs in a notebook's kernel


def in_words(done: int, total: int, failed: int, seconds_left: float) -> str:
    """Return how far runs are: "1,200 of 5,040 runs, 3 failed, about 3 min left"."""
    broken = f", {failed:,} failed" if failed else ""
    left = "" if math.isnan(seconds_left) or done == total else f", about {duration_in_words(seconds_left)} left"
    return f"{done:,} of {counted(total, 'run')}{broken}{left}"


def in_notebook() -> Progress | None:
    """Return a function that shows in a notebook how far runs are; None where there is no notebook."""
    ipython = sys.modules.get("IPython")  # which a notebook has loaded already
    shell = ipython.get_ipython() if ipython else None
    return _Bar() if type(shell).__name__ == _OF_NOTEBOOKS else None


class _Bar:
    """A bar below the cell of a notebook, for runs that take longer than a few seconds.

    It is shown by what every notebook has: rich and tqdm would ask for a package of widgets.
    """

    def __init__(self) -> None:
        self._display: Any = importlib.import_module("IPython.display")
        self._next, self._place = time.monotonic() + AT_FIRST, None

    def __call__(self, done: int, total: int, failed: int, seconds_left: float) -> None:
        """Show how far the runs are, if there is time for it; one that is shown is shown at the end too."""
        if time.monotonic() < self._next and not (self._place and done == total):
            return
        self._next = time.monotonic() + AGAIN
        bar = self._display.HTML(_BAR.format(done, total, in_words(done, total, failed, seconds_left)))
        if self._place:
            self._place.update(bar)
        else:
            self._place = self._display.display(bar, display_id=True)
