"""Threads that run the same stages side by side, each on its own rows, and wait for each other after each stage."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from abm.core.meeting import BROKEN, counters
from abm.core.programs import Program

_LONGEST_START = 60.0  # seconds in which threads have to be there
_SLICE, _TRIAL = 2e-2, 5e-3  # seconds between two decisions, and of a trial, if it were as quick
_SOONEST, _LATEST = 64, 1024  # decisions between two trials


class Pace:
    """Whether a market takes less time together or alone, from how long its periods took of late.

    Together is slower where another program has the other processors. What is slower is tried again, more and more
    rarely as long as it stays so.
    """

    def __init__(self) -> None:
        self._took: dict[bool, float] = {}  # seconds a period, by whether together
        self._times = {False: 0, True: 0}  # how often each was done
        self._until_trial = self._between = _SOONEST
        self._trial = False

    @property
    def _quicker(self) -> bool:
        return self._took[True] <= self._took[False]

    def decide(self) -> tuple[bool, int]:
        """Return whether to go on together, and for how many periods."""
        for times in (0, 1):  # the first of each, of a single period, is hardly a measurement
            for together in (False, True):
                if self._times[together] == times:
                    return together, self._periods(_TRIAL) if times else 1
        self._until_trial -= 1
        self._trial = self._until_trial <= 0
        return self._quicker != self._trial, self._periods(_TRIAL if self._trial else _SLICE)

    def _periods(self, seconds: float) -> int:
        """Return how many periods the quicker way does in so many seconds; threads that have slept begin late."""
        return max(1, int(seconds / max(min(self._took.values()), 1e-9)))

    def learn(self, together: bool, seconds: float) -> None:
        """Take note of how many seconds a period took."""
        settled = min(self._times.values()) > 1
        quicker = settled and self._quicker
        smooth = settled and not self._trial
        self._took[together] = (self._took[together] + seconds) / 2 if smooth else seconds
        self._times[together] += 1
        if self._trial:
            self._between = min(_LATEST, 2 * self._between) if self._quicker == quicker else _SOONEST
            self._until_trial, self._trial = self._between, False


class Team:
    """Some threads, of which the caller's is the first.

    Raises RuntimeError if so many cannot be started.
    """

    def __init__(self, members: int) -> None:
        self._members = members
        self._others = ThreadPoolExecutor(members - 1) if members > 1 else None
        if self._others:
            # All are started now, as those who began to run would wait for ever for one that cannot be started.
            there = threading.Barrier(members)
            try:
                for _ in range(members - 1):
                    self._others.submit(there.wait, _LONGEST_START)
                there.wait(_LONGEST_START)
            except BaseException:
                there.abort()
                raise

    def go_on(self, advance: Callable[[bool, int, int], None], t: int, end: int, pace: Pace) -> None:
        """Bring a market from period t to `end`, in slices that are gone through together or alone, as is quicker.

        advance : (together, first, end) runs periods of a slice; it may leave Python between programs of a period, as
                  all of a period are run in the same way: a later one may go on with what a thread has counted
        """
        while t < end:
            together, periods = pace.decide() if self._others is not None else (False, end - t)
            upto, began = min(end, t + periods), time.perf_counter()
            advance(together, t, upto)
            pace.learn(together, (time.perf_counter() - began) / (upto - t))
            t = upto

    def run(self, programs: Sequence[Program], bounds: np.ndarray, tile: int, t: int, end: int, together: bool) -> None:
        """Run periods t..end of programs, one a member; or of the first alone on all rows.

        bounds : (members + 1, S, 2), rows of each member in each stage, and last those of all

        Who does which rows decides no bit, as all sums are of whole numbers.
        """
        if self._others is not None and not programs[0].compiled:
            self._in_turn(programs, bounds, tile, t, end)
        elif together:
            self._together(programs, bounds, tile, t, end)
        else:
            programs[0].run(bounds[-1], tile, t, end)

    def _in_turn(self, programs: Sequence[Program], bounds: np.ndarray, tile: int, t: int, end: int) -> None:
        """Run stages in plain Python, which does one thing at a time."""
        for period in range(t, end):
            for stage in range(len(programs[0].stages)):
                for program, rows in zip(programs, bounds[:-1, stage], strict=True):
                    program.run_stage(stage, rows, tile, period)

    def _together(self, programs: Sequence[Program], bounds: np.ndarray, tile: int, t: int, end: int) -> None:
        assert self._others is not None
        meeting, jobs, places = counters(), [], _other_processors()
        try:
            for k, (program, rows) in enumerate(zip(programs[1:], bounds[1:-1], strict=True)):
                place = places[k % len(places)] if places else None
                jobs.append(self._others.submit(_run_at, place, program, rows, tile, t, end, self._members, meeting))
            programs[0].run(bounds[0], tile, t, end, self._members, meeting)
        except BaseException:
            meeting[BROKEN] = 1  # nobody waits for who will not come
            raise
        finally:
            for job in jobs:
                job.result()


def _other_processors() -> list[int]:
    """Return the processors that this thread may use and is not running on, where the system says which they are."""
    number = getattr(ctypes.CDLL(None), "sched_getcpu", None) if hasattr(os, "sched_setaffinity") else None
    return sorted(os.sched_getaffinity(0) - {number()}) if number else []


def _run_at(place: int | None, program: Program, *arguments: Any) -> None:
    """Run a program on a processor of its own, as the system may leave a thread that wakes beside the one that woke it.

    Once it is there it may be moved again.
    """
    if place is not None:
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {place})
        os.sched_setaffinity(0, allowed)
    program.run(*arguments)


__all__ = ["Pace", "Team"]
