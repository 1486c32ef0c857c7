"""The log of visits: entries of some customers' visits, kept until they are taken out.   Changes nothing.

Each worker writes a list of its own; an entry says whose it is and when, so that the lists make one table whatever
their number. Whoever runs the market takes the entries out before the lists can be full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from abm.core.kernels import kernel
from abm.core.streams import stream_key
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.world.calendar import NEVER
from abm.world.columns import MOST_OCCASIONS, Column
from abm.world.traits import drawn_traits
from abm.world.world import World

if TYPE_CHECKING:
    from abm.engine.engine import Engine

NAME = "visit_log"
ALWAYS = ("period", "customer", "nth", "firm")  # what every entry says


@kernel
def pick_logged(
    picked, picked_count, log_length, log_period, log_customer, log_nth, log_firm, visit_count, visit_customer,
    visit_nth, visit_firm, customer_id, is_logged, first, until, t,
):  # fmt: skip
    """Pick the visits of customers who are logged in periods first .. until, and write who came where and when.

    picked (visits,)  place on the list  [written]      picked_count (1,)  [written]
    log_length (1,)  entries so far  [written]          log_period, log_customer, log_nth, log_firm (log,)  [written]
    """
    found, length = 0, log_length[0]
    for v in range(visit_count[0] if first <= t < until else 0):
        i = visit_customer[v]
        if is_logged[i] > 0:
            picked[found] = v
            log_period[length + found] = t
            log_customer[length + found] = customer_id[i]
            log_nth[length + found] = visit_nth[v]
            log_firm[length + found] = visit_firm[v]
            found += 1
    picked_count[0] = found
    log_length[0] = length + found


@kernel
def log_column(entries, passed, picked, picked_count, log_length):
    """Write an entry of every visit that was picked.  entries (log,)  [written]"""
    first = log_length[0] - picked_count[0]
    for k in range(picked_count[0]):
        entries[first + k] = passed[picked[k]]


class _VisitLog(Mechanism):
    """Keeps what is said of the visits of some customers.

    columns      : of visits, that are kept          length : of a worker's list
    first, until : period with which the log begins, and the first one after it
    sample, ids  : whose visits are logged, newcomers included: see `is_chosen`
    group        : number of the group of customers whose visits alone are logged, -1 = everybody's
    """

    name = NAME
    owns = (Column("is_logged", ("customer",), 0, "bool", "whether her visits are logged", "uint8"),)
    scratch: ClassVar[tuple[Column, ...]] = (
        Column("picked", ("visit",), 0, "place", "visits that are logged", "uint32"),
        Column("picked_count", ("one",), 0, "visits", "how many are", "int64"),
        Column("log_length", ("one",), 0, "entries", "of the log", "int64"),
        Column("log_period", ("log",), 0, "period", "of each entry", "int32"),
        Column("log_customer", ("log",), 0, "id", "of each entry", "uint32"),
        Column("log_nth", ("log",), 0, "number", "which of her occasions of the period", "int32"),
        Column("log_firm", ("log",), 0, "firm", "where it was", "int32"),
    )
    columns: tuple[str, ...]
    length: int
    first: int = 0
    until: int = NEVER
    sample: float = 1.0
    ids: tuple[int, ...] = ()
    group: int = -1

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what is written of each visit, when it is booked."""
        entries = ((Phase.BOOKING, log_column, {"entries": _entries(c), "passed": c}) for c in self.columns)
        return ((Phase.BOOKING, pick_logged), *entries)

    def axes(self) -> Mapping[str, int]:
        """Return how many entries a worker's list holds."""
        return {"log": self.length}

    def begin(self, world: World, seed: int) -> None:
        """Find out whose visits are logged; newcomers are in no group."""
        c = world.customers
        c.is_logged[:] = is_chosen(c.customer_id, self.sample, self.ids, seed, world.replication)
        if self.group >= 0:
            inside = np.zeros(world.n, np.bool_)
            if world.partition is not None:
                inside[world.partition.rows_of(self.group)] = True
            c.is_logged[:] &= inside


def is_chosen(identity: np.ndarray, sample: float, ids: Sequence[int], seed: int, replication: int) -> np.ndarray:
    """Return which customers (k,) are recorded: a share of all, each by her own luck, and of those the ones listed."""
    wanted = np.ones(identity.size, np.bool_)
    if sample < 1:
        for rows, luck in drawn_traits(identity, stream_key(seed, "record"), replication):
            wanted[rows] = luck[0] < sample
    return wanted & np.isin(identity, np.array(ids)) if ids else wanted


def visit_log(columns: Sequence[Column], length: int, **whose: Any) -> Mechanism:
    """Return the mechanism that logs columns of visits, in lists of a length.

    whose : first, until, sample, ids and group of `_VisitLog`
    """
    return _kind(tuple(columns))(columns=tuple(column.name for column in columns), length=length, **whose)


def logged_columns(scenario: Scenario) -> tuple[str, ...]:
    """Return the columns of visits that a scenario logs."""
    return next((one.columns for one in scenario.extras if isinstance(one, _VisitLog)), ())


@lru_cache
def _kind(columns: tuple[Column, ...]) -> type[_VisitLog]:
    lists = (Column(_entries(c.name), ("log",), 0, c.unit, c.meaning, c.dtype) for c in columns)
    return type("VisitLog", (_VisitLog,), {"__module__": __name__, "scratch": (*_VisitLog.scratch, *lists)})


def _entries(column: str) -> str:
    return f"logged_{column}"


def room(customers: int, periods: int) -> int:
    """Return how many entries the visits of so many customers take at most in so many periods."""
    return max(1, customers * periods * MOST_OCCASIONS)


def logged_to_the_end(engine: Engine, columns: Sequence[str] = (), stretch: int = 1) -> dict[str, np.ndarray]:
    """Run an engine to its last period and return all that its world has logged on the way, as `taken` does.

    stretch : periods that a worker's list has room for
    """
    periods, parts = engine.scenario.periods, []
    while engine.t < periods:
        engine.run(min(stretch, periods - engine.t))
        parts.append(taken(engine.world, columns))
    parts = parts or [taken(engine.world, columns)]  # of a run at its end nothing is left
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def taken(world: World, columns: Sequence[str]) -> dict[str, np.ndarray]:
    """Take all entries out of the lists of a world: name -> (entries,), by period, customer and number."""
    lists = {name: f"{NAME}.log_{name}" for name in ALWAYS} | {name: f"{NAME}.{_entries(name)}" for name in columns}
    lengths = [int(passing[f"{NAME}.log_length"][0]) for passing in world.passing]
    whole = {
        name: np.concatenate([own[kept][:length] for own, length in zip(world.passing, lengths, strict=True)])
        for name, kept in lists.items()
    }
    for passing in world.passing:
        passing[f"{NAME}.log_length"][0] = 0
    order = np.lexsort([whole["nth"], whole["customer"], whole["period"]])
    return {name: column[order] for name, column in whole.items()}
