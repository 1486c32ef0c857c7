"""Aftermath: who comes back after a bad visit, and who praises it.   Reads only its own customer; changes nothing.

Claim: none; it counts what became of visits: of those on which nothing was wrong, of the silent dissatisfied, of those
who complained, and of those who complained and were recovered.
Source: definitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.kernels import kernel
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column, Tally
from abm.world.complaints import GOOD, NO_COMPLAINT
from abm.world.visits import NO_FAILURE

COURSES = ("nothing wrong", "failed unnoticed", "silent", "complained", "recovered")
UNDISTURBED, UNNOTICED, SILENT, COMPLAINED, RECOVERED = (np.uint8(code) for code in range(len(COURSES)))


@kernel
def note_courses(
    last_course, last_firm, course, visit_count, visit_customer, visit_firm, failure_cause, grievance, handling,
    story, visits_of, praises_of, follow_ups_of, returns_of,
):  # fmt: skip
    """Note the course that each visit took; count who returned to her provider, and who praised the visit.

    On her first visit of a period a customer has returned if it is to the firm of her latest visit before the period;
    that counts for the course which that one took. Praise is a good story; it counts for her last visit of the period
    to the firm that it is about. A visit with a grievance is silent, or complained about, or recovered if the handling
    was good; one without is unnoticed if something failed.

    course (visits,)  code, last_course (n,)  code, last_firm (n,)  firm of her latest visit, -1 = none yet  [written]
    visits_of … (course, firms)  tallies [written]
    """
    for v in range(visit_count[0]):
        course[v] = UNDISTURBED if failure_cause[v] == NO_FAILURE else UNNOTICED
        if grievance[v] != NO_FAILURE:
            course[v] = SILENT if handling[v] == NO_COMPLAINT else (RECOVERED if handling[v] == GOOD else COMPLAINED)
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        before = last_firm[i]
        if before >= 0 and (v == 0 or visit_customer[v - 1] != i):
            follow_ups_of[last_course[i], before] += 1
            returns_of[last_course[i], before] += 1 if j == before else 0
        visits_of[course[v], j] += 1
        last_there = True
        for later in range(np.int64(v) + 1, visit_count[0]):
            if visit_customer[later] != i:
                break
            last_there = last_there and visit_firm[later] != j
        praises_of[course[v], j] += 1 if last_there and story[i] == 2 * (j + 1) + 1 else 0
    for v in range(visit_count[0]):
        last_course[visit_customer[v]] = course[v]
        last_firm[visit_customer[v]] = visit_firm[v]


def _returned(c: Tallied, course: int) -> FloatArray:
    return c.returns_of[..., course, :] / c.follow_ups_of[..., course, :]


def _praised(c: Tallied, course: int) -> FloatArray:
    return c.praises_of[..., course, :] / c.visits_of[..., course, :]


@kpi(unit="share", better="more", nan="nobody had such a visit and another later")
def return_undisturbed(c: Tallied) -> FloatArray:
    """Of those whose last visit went well, who came back to the firm with their next visit."""
    return _returned(c, 0)


@kpi(unit="share", better="more", nan="nobody had such a visit and another later")
def return_after_silence(c: Tallied) -> FloatArray:
    """Of those who were dissatisfied on their last visit and said nothing, who came back with their next visit."""
    return _returned(c, 2)


@kpi(unit="share", better="more", nan="nobody had such a visit and another later")
def return_after_complaint(c: Tallied) -> FloatArray:
    """Of those who complained of their last visit and were not recovered, who came back with their next visit."""
    return _returned(c, 3)


@kpi(unit="share", better="more", nan="nobody had such a visit and another later")
def return_after_recovery(c: Tallied) -> FloatArray:
    """Of those who complained of their last visit and were recovered, who came back with their next visit."""
    return _returned(c, 4)


@kpi(unit="1/visit", better="more", nan="no visit went well")
def praise_undisturbed(c: Tallied) -> FloatArray:
    """Visits that went well and were praised to others / visits that went well."""
    return _praised(c, 0)


@kpi(unit="1/visit", better="more", nan="no complaint was recovered")
def praise_after_recovery(c: Tallied) -> FloatArray:
    """Recovered visits that were praised to others / recovered visits."""
    return _praised(c, 4)


class Aftermath(Mechanism):
    """What becomes of good visits, of bad ones and of complaints."""

    name = "aftermath"
    needs = ("complaint", "word_of_mouth")
    owns = (
        Column("last_course", ("customer",), 0, "code", "course of her latest visit", "uint8"),
        Column("last_firm", ("customer",), -1, "firm", "where her latest visit was, -1 = none yet", "int32"),
        Column("course", ("visit",), 0, "code", f"course of the visit: {', '.join(COURSES)}", "uint8"),
    )
    counts = (
        Tally("visits_of", "visits", "visits by the course they took", axes=("course",)),
        Tally("praises_of", "stories", "visits praised to others, by course", axes=("course",)),
        Tally("follow_ups_of", "customers", "next visits of customers of the firm, by course", axes=("course",)),
        Tally("returns_of", "customers", "of these, to the firm again", axes=("course",)),
    )
    kpis = (
        return_undisturbed, return_after_silence, return_after_complaint, return_after_recovery, praise_undisturbed,
        praise_after_recovery,
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the noting, when everything of the visit has happened."""
        return ((Phase.RELATION, note_courses),)

    def axes(self) -> dict[str, int]:
        """Return how many courses there are."""
        return {"course": len(COURSES)}
