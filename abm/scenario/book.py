"""Where the book of visits is needed: steps that keep a period's visits over a phase that sees the whole market."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from abm.core.errors import Refusal
from abm.core.kernels import Kernel
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.scenario.steps import Step
from abm.world import book, visits
from abm.world.columns import Column

VISITS = "visits"  # name of what keeps the list
BOOK = "book."  # before the name of a column, the column of the whole market's visits
_GATHERINGS = (Phase.OPERATIONS, Phase.CENTRE)  # phases in which visitors meet
_LIST, _OUTCOME = "visit_count", "visit_outcome"
_ALWAYS = ("visit_customer", "visit_nth", "visit_firm", "visit_pair")


class _Visits(Mechanism):
    """Keeps the list of visits."""

    name = VISITS
    scratch: ClassVar = (
        Column("served", ("visit",), 0, "number", "place on the list of each visitor who was served", "uint32"),
        Column("served_count", ("one",), 0, "visits", "visitors who were served", "int64"),
    )


_CORE = _Visits()


def visit_columns(mechanisms: Iterable[Mechanism]) -> dict[str, Column]:
    """Return the columns with an entry a visit, by name: shared ones, sums, and scratch as "mechanism.column".

    Scratch may be a record a visit, with further axes.
    """
    mechanisms = list(mechanisms)
    shared = [*visits.COLUMNS, *(column for one in mechanisms for column in one.owns)]
    shared += [sum_.column() for one in mechanisms for sum_ in one.sums]
    found = {column.name: column for column in shared}
    found = {name: column for name, column in found.items() if column.axes == ("visit",) or name == _LIST}
    scratch = {f"{one.name}.{column.name}": column for one in mechanisms for column in one.scratch}
    return found | {name: column for name, column in scratch.items() if column.axes[0] == "visit"}


def with_book(steps: Sequence[Step], columns: Mapping[str, Column]) -> list[Step]:
    """Return the steps with those that keep visits over a market phase, if something there takes them.

    columns : with an entry a visit, by name
    Raises Refusal for a kernel that takes visits when there are none.
    """
    for step in steps:
        _check_time(step, columns)
    _check_records(steps, columns)
    if any(_taken(step, columns) & {_OUTCOME} for step in steps):
        steps = [*_outcomes(steps, columns), *steps]
    for phase in _GATHERINGS:
        here = [step for step in steps if step.phase == phase]
        if any(_taken(step, columns) for step in here):
            before = [step for step in steps if step.phase < phase]
            after = [step for step in steps if step.phase > phase]
            steps = [*before, *_gathered(phase, before, here, after, columns), *after]
    return sorted(steps, key=lambda step: step.phase.place)


def _outcomes(steps: Sequence[Step], columns: Mapping[str, Column]) -> Iterator[Step]:
    """Yield the steps that begin with everybody served, and that leave only those on the list at the end."""
    last = Phase.ADMISSION
    later = _used([step for step in steps if step.phase > last], columns)
    ahead = _used([step for step in steps if step.phase <= last], columns)
    yield Step(Phase.ARRIVAL, _CORE, book.serve_everybody)
    yield Step(Phase.SEATING, _CORE, book.pick_served)
    for name in sorted(later & ahead | set(_ALWAYS)):
        yield Step(Phase.SEATING, _CORE, book.close_ranks, (("passed", name),))
    yield Step(Phase.SEATING, _CORE, book.cut_list)


def _gathered(
    phase: Phase, before: Sequence[Step], here: Sequence[Step], after: Sequence[Step], columns: Mapping[str, Column]
) -> Iterator[Step]:
    """Yield what is done in a market phase: visits are kept, listed by firm, worked on, and fetched again."""
    ahead, now, later = (_used(group, columns) for group in (before, here, after))
    ahead, later = ahead | set(_ALWAYS), later | set(_ALWAYS)
    yield Step(phase, _CORE, book.keep_length)
    for name in sorted(ahead & (now | later)):
        yield Step(phase, _CORE, book.keep_visits, (("kept", BOOK + name), ("passed", name)))
    yield Step(phase, _CORE, book.index_by_firm, (("chosen", f"{BOOK}visit_firm"),))
    for step in here:
        whole = tuple((_said(step, name), BOOK + name) for name in sorted(_taken(step, columns)))
        yield replace(step, renamed=(*step.renamed, *whole))
    yield Step(phase, _CORE, book.fetch_length)
    for name in sorted((ahead | now) & later):
        yield Step(phase, _CORE, book.fetch_visits, (("passed", name), ("kept", BOOK + name)))


def _taken(step: Step, columns: Mapping[str, Column]) -> set[str]:
    """Return the columns of visits that a step takes, scratch as "mechanism.column"."""
    names = {
        f"{step.mechanism.name}.{name}" if f"{step.mechanism.name}.{name}" in columns else name
        for name in step.arguments
    }
    return {name for name in names if name in columns}


def _used(steps: Iterable[Step], columns: Mapping[str, Column]) -> set[str]:
    """Return the columns with an entry a visit, scratch among them, that steps take; the length of the list is none."""
    taken = {name for step in steps for name in _taken(step, columns)}
    return {name for name in taken if columns[name].axes == ("visit",) and not name.startswith(f"{VISITS}.")}


def _said(step: Step, name: str) -> str:
    return name.removeprefix(f"{step.mechanism.name}.")


def _check_time(step: Step, columns: Mapping[str, Column]) -> None:
    taken = sorted(_taken(step, columns))
    if not taken or not isinstance(step.act, Kernel):
        return
    if step.phase in _GATHERINGS:
        if _LIST in taken:
            raise Refusal(
                f"kernel {step.name} of {step.mechanism.name} takes {_LIST}, but in {step.phase.name} everybody's "
                "visits are there: those of firm j are book_visit[book_start[j]] to book_visit[book_start[j + 1] - 1]"
            )
    elif step.phase.scope == "market" or not Phase.OCCASIONS <= step.phase <= Phase.BOOKING:
        raise Refusal(
            f"kernel {step.name} of {step.mechanism.name} takes {taken[0]!r} in {step.phase.name}, where there are no "
            f"visits; there are from {Phase.OCCASIONS.name} to {Phase.BOOKING.name}"
        )


def _check_records(steps: Sequence[Step], columns: Mapping[str, Column]) -> None:
    """Refuse records of visits that are taken both where visitors meet and elsewhere: they are not kept in between."""
    meeting = {name for step in steps if step.phase in _GATHERINGS for name in _taken(step, columns)}
    records = {name for name in meeting if len(columns[name].axes) > 1}
    for step in (step for step in steps if step.phase not in _GATHERINGS):
        for name in sorted(records & _taken(step, columns)):
            raise Refusal(
                f"kernel {step.name} of {step.mechanism.name} takes records {_said(step, name)!r} in "
                f"{step.phase.name}, but records are not kept over a phase in which visitors meet; make it a column "
                "with one entry a visit"
            )


def book_columns(steps: Iterable[Step], columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the columns that the book has to hold, by name."""
    names = {name.removeprefix(BOOK) for step in steps for name in step.arguments if name.startswith(BOOK)}
    return {name: columns[name] for name in sorted(names)}
