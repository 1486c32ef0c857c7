"""Renewal: customers leave the market for reasons of their own, and newcomers take their places.   No neighbours.

Who leaves does so at the end of a period before a date; in the next one a newcomer is there, who knows of firms and
expects of them what a customer at the start of a run would, and has no history: no provider, contract, points or
satisfaction. She moves into the place in the network, so the ties stay; her segment and traits are her own.
Claim: people move, age and die whatever firms do, and others come; a market lasts longer than its customers.
Source: definition (turnover of a population); the rate is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.functions import exp32, log32
from abm.core.kernels import equation, kernel
from abm.core.spec import param
from abm.core.streams import philox, uniform_fine
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.calendar import NEVER
from abm.world.columns import Column, Tally
from abm.world.newcomers import move_in
from abm.world.world import World


@equation
def chance_of_leaving(leaving_rate, years):
    """Return the chance of leaving within some years: 1 - (1 - leaving_rate)^years."""
    return 1.0 - exp32(years * log32(1.0 - leaving_rate))


@kernel
def mark_leavers(
    leaving, customer_id, provider, exited, departures, newcomers, leaving_rate, every, vacant_for, periods_per_year,
    periods, key, replication, lo, hi, t,
):  # fmt: skip
    """At the end of the period before a date, mark who leaves the market.

    Dates are the periods that are a multiple of `every`, but not 0. Everybody leaves with the chance that belongs to
    `every` periods, held against a uniform of 32 bits (draw 0, block 0, word 0). Who had left the category `vacant_for`
    periods ago or longer makes room at the next date, and is no departure.

    leaving (n,)  bool  [written]      departures, newcomers  tallies [written]
    """
    if (t + 1) % every == 0 and t + 1 < periods:
        chance = chance_of_leaving(leaving_rate, np.float32(every) / np.float32(periods_per_year))
        found = 0
        for i in range(lo, hi):
            gone = exited[i] >= 0
            word = philox(customer_id[i], t, 0, replication, key)[0]
            leaves = uniform_fine(word) < chance
            leaving[i] = leaves | (gone & (t + 1 - exited[i] >= vacant_for))
            found += leaving[i]
            departures[provider[i]] += 1 if leaves & (not gone) else 0
        newcomers[-1] += found


@kpi(unit="customers", better="less")
def departures(c: Tallied) -> FloatArray:
    """Customers of the firm who left the market for reasons of their own."""
    return c.departures


class Renewal(Mechanism):
    """Newcomers who take the places of customers who leave the market.

    If the yearly books have just closed at each date, as by default, they hold everybody. Else they are of those who
    are there when they close: what a leaver has spent since they were opened is in the revenue, and in no wallet.
    """

    name = "renewal"
    serves = ("D20",)
    standard = True
    owns = (Column("leaving", ("customer",), 0, "bool", "leaves the market when the period ends", "uint8"),)
    counts = (
        Tally("departures", "customers", "customers of the firm who left the market for reasons of their own"),
        Tally("newcomers", "customers", "newcomers of the whole market who are there from the next period on"),
    )
    kpis = (departures,)
    leaving_rate: float = param(
        0.0, unit="1/year", bounds=(0, 0.99), evidence="assumed",
        doc="share of customers who leave the market within a year, whatever firms do; 0 = nobody",
    )  # fmt: skip
    every: int = param(
        52,
        unit="periods",
        bounds=(1, 10_000),
        evidence="assumed",
        doc="time between two dates at which customers leave",
    )
    vacancy: int | None = param(
        None, unit="periods", bounds=(0, 10_000), evidence="assumed",
        doc="after which a newcomer takes the place of who has left the category; left out = never",
    )  # fmt: skip

    @property
    def vacant_for(self) -> int:
        """The vacancy as kernels take it."""
        return NEVER if self.vacancy is None else self.vacancy

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return who leaves and who comes, if anybody does."""
        if self.leaving_rate == 0 and self.vacancy is None:
            return ()
        return ((Phase.CLOSING, mark_leavers), (Phase.OPENING, AtDates(self.take_places, self.every)))

    def take_places(self, world: World, t: int) -> None:
        """Let newcomers take the places of who has left."""
        rows = np.flatnonzero(world.customers.leaving)
        if rows.size:
            move_in(world, rows)

    def most_identities(self, customers: int, periods: int) -> int:
        """Return how many identities a run may need: a place has a newcomer at each date at most."""
        return customers * (1 + (periods // self.every if self.schedule(()) else 0))
