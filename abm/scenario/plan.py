"""What a period's steps work on: which columns have to exist, and that every name and every write is what it says.

Everything is checked here, before a world is built: below, nothing is checked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache

from abm.core.effects import written_by
from abm.core.errors import Refusal, did_you_mean
from abm.core.kernels import Kernel
from abm.mechanisms.mechanism import Mechanism, own_names
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Policy
from abm.mechanisms.shipped import shipped
from abm.mechanisms.sums import sum_meant
from abm.scenario.firm import Firm, Kinds, kinds_of
from abm.scenario.steps import Step, schedule_of
from abm.world import visits
from abm.world.columns import BEFORE, ROW, Column, Tally
from abm.world.population import COLUMNS as TRAITS
from abm.world.population import DROP_OUT, Population
from abm.world.segments import SEGMENT

_NUMBERS = (
    "periods", "burn_in", "periods_per_year", "key", "replication", "lo", "hi", "t", "tie_start", "tie_target",
    "tie_weight", "heaviest_tie", "row_of_identity", "counted_part", "history", "book_start", "book_visit",
)  # fmt: skip
_LEVER_BEFORE = "a lever of firms as it was in the period before"
_PLACE = "the row of a tally in `history`"
_READ_ONLY = (_LEVER_BEFORE, _PLACE)
_PACKAGE = __name__.partition(".")[0]


def taken(found: Iterable[Step]) -> set[str]:
    """Return the names that kernels take, a column by its own name however it is laid out."""
    names: set[str] = set()
    for step in found:
        if isinstance(step.act, Kernel):
            names |= _bases(step.arguments)
        else:  # a plain function may use anything of its mechanism
            names |= _columns(step.mechanism) | set(step.mechanism.writes)
    return names


def _columns(mechanism: Mechanism) -> set[str]:
    return {column.name for column in mechanism.owns}


def is_own(kind: type[Mechanism]) -> bool:
    """Return whether a mechanism is not one of those that are shipped."""
    return not kind.__module__.startswith(f"{_PACKAGE}.")


@lru_cache(maxsize=1024)
def _bases(arguments: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(base, arguments))


def base(name: str) -> str:
    """Return the column that a parameter means: `trust` for `trust_at`."""
    return name.removesuffix("_at")


def sums_needed(mechanisms: Iterable[Mechanism], names: Iterable[str]) -> list[Column]:
    """Return the columns of the sums that kernels take, whole or a part of them."""
    meant = [(name, sum_meant(name)) for name in sorted(names)]
    sums = (one for mechanism in mechanisms for one in mechanism.sums)
    return [one.column(name) for one in sums for name, total in meant if total == one.name]


def needed(population: Population, mechanisms: Sequence[Mechanism], found: Sequence[Step]) -> list[Column]:
    """Return the columns that have to exist: customers' traits and segments, and those that some kernel takes.

    All columns of a mechanism of one's own exist, as plain Python may use them too. What a kernel takes of a shipped
    mechanism that is not there stands at its default.
    """
    names = taken(found).union(*(_columns(one) for one in mechanisms if is_own(type(one))))
    owned = [*visits.COLUMNS, *(column for mechanism in mechanisms for column in mechanism.owns)]
    by_kernels = taken(step for step in found if isinstance(step.act, Kernel)) - {column.name for column in owned}
    there = {type(mechanism) for mechanism in mechanisms}
    absent = (column for kind in shipped() if kind not in there for column in kind.owns)
    owned += [column for column in absent if column.name in by_kernels]
    segment = [SEGMENT] if population.segments or SEGMENT.name in names else []
    traits = [*TRAITS, *segment, *([DROP_OUT] if DROP_OUT.name in names else [])]
    return [*traits, *(column for column in owned if column.name in names), *sums_needed(mechanisms, names)]


def needed_scratch(found: Sequence[Step]) -> dict[str, tuple[Column, ...]]:
    """Return the scratch columns that have to exist, by mechanism."""
    steps_by_name: dict[str, list[Step]] = {}
    for step in found:
        steps_by_name.setdefault(step.mechanism.name, []).append(step)
    names = {name: taken(own) if own[-1].mechanism.scratch else set() for name, own in steps_by_name.items()}
    return {
        name: tuple(column for column in own[-1].mechanism.scratch if column.name in names[name])
        for name, own in steps_by_name.items()
    }


def levers_before(found: Iterable[Step], levers: Iterable[str]) -> list[str]:
    """Return those levers that kernels take as they were when the period before ended."""
    names = taken(found)
    return [lever for lever in levers if f"{lever}{BEFORE}" in names]


def check(mechanisms: Sequence[Mechanism], firms: Sequence[Firm]) -> None:
    """Refuse two meanings of one name, a write that is not declared, and a kernel that takes one column twice."""
    known = _check_names(tuple(type(mechanism) for mechanism in mechanisms), kinds_of(mechanisms))
    for mechanism in mechanisms:
        if is_own(type(mechanism)):
            _check_before(mechanism, firms, known)
            check_kernels(mechanism, firms, mechanisms)


@lru_cache(maxsize=64)
def _check_names(kinds: tuple[type[Mechanism], ...], policies: tuple[type[Policy], ...]) -> dict[str, str]:
    """Return what every name means."""
    names = [kind.name for kind in kinds]
    for name in names:
        if names.count(name) > 1:
            raise Refusal(f"two mechanisms are called {name!r}")
    meanings: dict[str, str] = {}
    for name, meaning in _meanings(kinds, policies):
        if name in meanings:
            raise Refusal(
                f"{name!r} is {meanings[name]} and {meaning}; a kernel could not tell them apart, so give one of them "
                "another name"
            )
        meanings[name] = meaning
    writable = [name for name in meanings if name not in _NUMBERS and meanings[name] not in _READ_ONLY]
    for kind in kinds:
        for column in (*kind.owns, *kind.scratch):
            if column.name != base(column.name):
                raise Refusal(f"column {column.name!r} of {kind.name} ends in _at, which means a layout; rename it")
        for written in kind.writes:
            if written not in writable:
                known = did_you_mean(written, writable)
                raise Refusal(f"{kind.name} writes {written!r}, which is no column or lever{known}")
        for name in sorted({*own_names(kind), *(column.name for column in kind.scratch)} & meanings.keys()):
            raise Refusal(
                f"{name!r} is {meanings[name]} and a parameter or scratch column of {kind.name}; a kernel could not "
                "tell them apart, so give one of them another name"
            )
    return meanings


def _meanings(kinds: Iterable[type[Mechanism]], policies: Kinds) -> Iterator[tuple[str, str]]:
    for name in _NUMBERS:
        yield name, "a number or array that every kernel may take"
    yield from ((column.name, "a trait of customers") for column in (*TRAITS, SEGMENT, DROP_OUT))
    yield from ((column.name, "a column of visits") for column in visits.COLUMNS)
    nobody = Firm(name="nobody")
    for policy in policies:
        for name in policy.absent().values(nobody):
            yield from ((name, "a lever of firms"), (f"{name}{BEFORE}", _LEVER_BEFORE))
    for kind in kinds:
        yield from ((column.name, f"a column of {kind.name}") for column in kind.owns)
        for tally in kind.counts:
            yield from ((tally.name, f"a tally of {kind.name}"), (f"{tally.name}{ROW}", _PLACE))
        yield from ((one.name, f"a sum of {kind.name}") for one in kind.sums)


def _check_before(mechanism: Mechanism, firms: Sequence[Firm], known: Mapping[str, str]) -> None:
    """Refuse a kernel that takes what no lever was in the period before, or writes what one was.

    known : what every name means
    """
    own = {*own_names(type(mechanism)), *(column.name for column in mechanism.scratch)}
    levers = [name.removesuffix(BEFORE) for name, meaning in known.items() if meaning == _LEVER_BEFORE]
    for act in (act for _, act, *_ in schedule_of(mechanism, (), firms) if isinstance(act, Kernel)):
        named = f"kernel {act.name} of {mechanism.name}"
        for name in (name for name in act.arguments if name.endswith(BEFORE)):
            lever = name.removesuffix(BEFORE)
            if name not in own | known.keys():
                raise Refusal(f"{named} takes {name!r}, but there is no lever {lever!r}{did_you_mean(lever, levers)}")
            if lever in levers and name in written_by(act.function):
                raise Refusal(f"{named} writes {name!r}, which is past; write {lever!r}")


_OF_A_TILE = ("visit", "row")  # last axis of columns that are kept while a tile is worked on


def _check_term(mechanism: Mechanism, act: Kernel, open_now: Set[str]) -> None:
    """Refuse a term of a sum that also counts, or changes what is kept.

    A term is done once more for each part of its sum that somebody takes, so that all else would be done twice.
    """
    added = sorted(open_now & written_by(act.function))
    kept = {one.name for one in mechanism.counts}
    kept |= {one.name for one in mechanism.owns if one.axes[-1] not in _OF_A_TILE}
    for name in sorted(written_by(act.function)) if added else ():
        if base(name) in kept:
            raise Refusal(
                f"kernel {act.name} of {mechanism.name} adds to {added[0]} and writes {base(name)!r}, which is kept; "
                "what adds to a sum is done again for each part of it that somebody takes: give it a kernel of its own"
            )


def _check_in_time(
    mechanism: Mechanism, act: Kernel, phase: Phase, others: Sequence[Mechanism], firms: Sequence[Firm]
) -> None:
    """Refuse a kernel that adds to a sum before it is opened, or when no other kernel takes it any more."""
    written = {base(name) for name in written_by(act.function)}
    for one in (one for other in others for one in other.sums if one.name in written and one.phase != phase):
        steps = (step for other in others for step in schedule_of(other, (), firms))
        taking = (by for when, by, *_ in steps if when >= phase and by is not act and isinstance(by, Kernel))
        if phase < one.phase or not any(one.name in map(sum_meant, by.arguments) for by in taking):
            raise Refusal(
                f"kernel {act.name} of {mechanism.name} adds to {one.name!r} in Phase.{phase.name}, which changes "
                f"nothing: it is added up in Phase.{one.phase.name}, so do it there"
            )


def check_kernels(mechanism: Mechanism, firms: Sequence[Firm], others: Sequence[Mechanism]) -> None:
    """Refuse a kernel that writes what its mechanism does not declare, adds to a sum at the wrong time, or takes one
    column in two layouts.

    others : all mechanisms of the market, to whose sums it may add in their phases
    """
    sums = [one for other in others for one in other.sums]
    own: list[Column | Tally] = [*mechanism.owns, *mechanism.scratch, *mechanism.counts]
    allowed = {*(one.name for one in own), *mechanism.writes}
    for phase, act, *_ in schedule_of(mechanism, (), firms):
        if not isinstance(act, Kernel):
            continue
        open_now = {one.name for one in sums if one.phase == phase or one in mechanism.sums}
        twice = sorted(name for name in act.arguments if f"{name}_at" in act.arguments)
        if twice:
            raise Refusal(f"kernel {act.name} of {mechanism.name} takes {twice[0]} and {twice[0]}_at; take one of them")
        _check_term(mechanism, act, {one.name for one in sums if one.phase == phase})
        _check_in_time(mechanism, act, phase, others, firms)
        for name in sorted(written_by(act.function)):
            if base(name) not in allowed | open_now:
                raise Refusal(
                    f"kernel {act.name} of {mechanism.name} writes {base(name)!r}, which {mechanism.name} does not "
                    f'declare; add it to its columns or tallies, or to writes = ("{base(name)}",)'
                )
