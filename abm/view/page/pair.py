"""The pair: the courses of both arms, brought to the same period with the same luck."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from abm.study.plan.experiment import Experiment
from abm.view.page.arms import Arm
from abm.view.page.course import Course, Sight, is_compiled, is_loaded

PATIENCE = 0.15  # seconds of work between two looks at what is wanted
COMPILING = "compiling the market for this machine: once, about half a minute …"
LOADING = "starting the market …"


@dataclass(frozen=True)
class Wanted:
    """Where the courses are to be.

    replication : draw of luck        attempt : rises when both are to begin again        target : period
    """

    study: Experiment
    arms: tuple[Arm, Arm]
    replication: int
    attempt: int
    target: int


class Pair:
    """Two courses, of which one thread brings one at a time a part of its way.   most : customers who are looked at"""

    def __init__(self, most: int) -> None:
        self._most = most
        self._courses: tuple[Course | None, Course | None] = (None, None)

    def behind(self, wanted: Wanted) -> int | None:
        """Return the arm that has to be worked on next, None if both are where they are wanted."""
        first, second = self._courses
        if first is None or not _is_of(first, wanted, 0):
            return 0
        if second is None or not _is_of(second, wanted, 1):
            return 1
        if min(first.t, second.t) >= wanted.target:
            return None
        return 0 if first.t <= second.t else 1

    def bring(self, k: int, wanted: Wanted, seen: Sequence[Sight | None], say: Callable[[str], None]) -> Sight:
        """Bring an arm a part of the way, and return what there is to see of it then.

        seen : of both arms so far, None = nothing        say : called with what takes long, before it does
        """
        known = [sight.sample for sight in seen if sight is not None]
        arm, course = wanted.arms[k], self._courses[k]
        if course is None or not _is_of_market(course, wanted, k):
            self._keep(k, None)  # one world less before there is another
            if not is_loaded(arm.scenario, seen[k]):
                say(LOADING if is_compiled(arm.scenario) else COMPILING)
            study = wanted.study
            course = Course(arm.scenario, study.seed, wanted.replication, study.folder, self._most, known)
        elif not _is_of(course, wanted, k):
            course.restart(wanted.replication, known)
        course.attempt = wanted.attempt
        until = time.monotonic() + PATIENCE
        while course.t < wanted.target and time.monotonic() < until:
            course.advance(1)
        self._keep(k, course)
        return course.sight()

    def _keep(self, k: int, course: Course | None) -> None:
        first, second = self._courses
        self._courses = (course, second) if k == 0 else (first, course)


def _is_of_market(course: Course, wanted: Wanted, k: int) -> bool:
    return course.scenario is wanted.arms[k].scenario and course.seed == wanted.study.seed


def _is_of(course: Course, wanted: Wanted, k: int) -> bool:
    """Return whether a course is of an arm that is wanted, with its luck, and need not begin again."""
    same = (course.replication, course.attempt) == (wanted.replication, wanted.attempt)
    return same and _is_of_market(course, wanted, k)
