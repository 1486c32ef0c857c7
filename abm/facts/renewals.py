"""Renewals of contracts: who decides when, with what in mind, and whether she stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from abm.engine.engine import Engine
from abm.facts.laboratory import Laboratory
from abm.world.world import World

_LATELY = 13  # periods in which a neighbour has left, to have left lately


@dataclass(frozen=True)
class Renewals:
    """Decisions at the ends of contracts in a run: arrays (decisions,).

    period, customer, firm : when, the identity of who, and whose contract it was
    nth          : which of her renewals of this relation it was, 1 = the first
    satisfaction : with the firm, before the decision, 0-1      cost : of leaving it, 0-1
    visits       : to the firm so far      chance : of choosing it again
    touched      : whether a neighbour has left the same firm of late      stayed : whether she did
    """

    period: np.ndarray
    customer: np.ndarray
    firm: np.ndarray
    nth: np.ndarray
    satisfaction: np.ndarray
    cost: np.ndarray
    visits: np.ndarray
    chance: np.ndarray
    touched: np.ndarray
    stayed: np.ndarray

    def at(self, which: np.ndarray) -> Renewals:
        """Return some of the decisions: which (decisions,) bool."""
        return Renewals(*(column[which] for column in vars(self).values()))


def renewals(lab: Laboratory) -> Iterator[tuple[Engine, Renewals]]:
    """Yield each replication's engine at the end, and its renewals.  Raises Refusal without contracts."""
    lab.need_contracts()
    lab.need("learning", "switching_cost")
    for engine in lab.runs():
        seen = _Watch(engine.world)
        found = [seen.next(engine, t) for t in range(lab.scenario.periods)]
        yield engine, Renewals(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


class _Watch:
    """What is remembered from one period to the next: how often each relation was renewed, and who left whom last."""

    def __init__(self, world: World) -> None:
        self.renewed = np.zeros(world.n, np.int64)
        self.left = np.full(world.n, -1, np.int64)  # firm
        self.left_at = np.full(world.n, -_LATELY - 1, np.int64)  # period
        ties = world.ties
        self.owner, self.neighbour = np.repeat(np.arange(world.n), np.diff(ties.start)), ties.target

    def next(self, engine: Engine, t: int) -> tuple[np.ndarray, ...]:
        """Run a period and return its renewals, in the order of the fields of `Renewals`."""
        c, term = engine.world.customers, engine.scenario.choice.term
        signed, identity = c.signed.copy(), c.customer_id.copy()
        rows = np.flatnonzero((c.provider >= 0) & (t - signed >= term))
        firm, cost = c.provider[rows].copy(), c.switching_cost[rows].copy()
        satisfaction, visits = c.satisfaction[firm, rows].copy(), c.encounters[firm, rows].copy()
        touched = self._touched(c.provider, t)[rows]
        engine.run(1)
        decided = (c.customer_id[rows] == identity[rows]) & (c.signed[rows] != signed[rows])
        stayed = (c.provider[rows] == firm) & (c.signed[rows] == t)
        nth = self.renewed[rows] + 1
        self._remember(rows[decided], stayed[decided], firm[decided], t)
        self.renewed[c.customer_id != identity] = 0
        columns = (np.full(rows.size, t), identity[rows], firm, nth, satisfaction, cost, visits,
                   c.preference[firm, rows], touched, stayed)  # fmt: skip
        return tuple(column[decided] for column in columns)

    def _touched(self, provider: np.ndarray, t: int) -> np.ndarray:
        """Return whether a neighbour has left one's provider of late: (customers,) bool."""
        lately = t - self.left_at[self.neighbour] <= _LATELY
        same = (self.left[self.neighbour] == provider[self.owner]) & (provider[self.owner] >= 0)
        return np.bincount(self.owner[lately & same], minlength=provider.size) > 0

    def _remember(self, rows: np.ndarray, stayed: np.ndarray, firm: np.ndarray, t: int) -> None:
        self.renewed[rows] = np.where(stayed, self.renewed[rows] + 1, 0)
        gone = rows[~stayed]
        self.left[gone], self.left_at[gone] = firm[~stayed], t
