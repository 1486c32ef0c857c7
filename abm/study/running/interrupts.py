"""Interrupts: what stops a study from outside, Ctrl-C and SIGTERM alike, and how far it had come."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

from abm.core.errors import counted
from abm.study.storage.results import Results


class Interrupted(KeyboardInterrupt):
    """A study stopped by Ctrl-C or SIGTERM; with a folder, the same call goes on from there.

    done, total, failed : runs        signal : SIGINT or SIGTERM        exit_code : 130 or 143
    results             : of the runs done so far
    """

    def __init__(self, done: int, total: int, failed: int, number: int, results: Results) -> None:
        super().__init__(f"interrupted after {done:,} of {counted(total, 'run')} ({failed:,} failed)")
        self.done, self.total, self.failed, self.signal = done, total, failed, signal.Signals(number)
        self.results = results

    @property
    def exit_code(self) -> int:
        """What a command that was stopped so exits with."""
        return 128 + self.signal


class Terminated(KeyboardInterrupt):
    """SIGTERM, to be treated like Ctrl-C."""


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception; only the main thread may, and elsewhere it is left alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise Terminated(number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
