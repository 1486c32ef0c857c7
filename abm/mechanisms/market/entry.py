"""Entry and exit: firms that open and close during a run.   Uses no neighbours.

A firm that is not open does nothing: nobody knows it, so nobody considers it, and it has the levers of a firm that sets
nothing, so that it spends nothing; its fixed cost is 0. It opens at a date as a firm that few may know, and may close
at a date, or when its books have shown a loss for so long that it gives up. A firm that has closed does not open again.

What becomes of its customers: relations end as lost, contracts and bonds with the provider too, nobody pays to leave.
Points are forfeited and members are none any more; what was held for points is released in the period of closing, as
nobody is left to claim them. Customers who owe the firm still pay; goods on its shelf are worth nothing.

Claim: a firm that enters later meets customers who have a provider and do not know it; one that leaves hands its
customers to its rivals, and to nobody. Who covers what it need not spend stays.
Source: definitions; exit where avoidable cost is not covered is the textbook's rule, from memory; sizes are assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from abm.core.errors import Refusal
from abm.core.kernels import Kernel
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.market.entry_kernels import (
    CLOSED,
    NOT_YET,
    OPEN,
    become_known,
    forfeit_points,
    note_open,
    part_from_customers,
)
from abm.mechanisms.market.standing import standing
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Held, Policy, by_tier
from abm.world.calendar import NEVER
from abm.world.columns import Column, Tally
from abm.world.world import World

_OWN = ("entry", "competition")  # what a firm that is not open still says of itself
_DATE = Held("int32", lambda date: NEVER if date is None else date, lambda held: None if held == NEVER else int(held))
_MOST_SHUT = 64
_SHUT: dict[int, tuple[Any, Any, tuple[tuple[str, Held, Any], ...]]] = {}  # by the identity of a firm kept here
_SIGN = {"revenue": 1, "goods": -1, "lever": -1, "fixed": -1}  # of an account in profit


@kpi(unit="share", nan="no firm of the market opens or closes during the run")
def open_share(c: Tallied) -> FloatArray:
    """Periods in which the firm is open / periods."""
    return c.open_periods / c.noted_periods


@kpi(unit="customers", better="less", nan="no firm of the market opens or closes during the run")
def customers_left_behind(c: Tallied) -> FloatArray:
    """Active, dormant and won-back customers of the firm when it closed."""
    return np.where(c.noted_periods > 0, c.left_behind, np.nan)


@kpi(unit="points", better="less", nan="no firm of the market opens or closes during the run")
def points_forfeited(c: Tallied) -> FloatArray:
    """Points that lapsed because the firm closed; they are in the breakage too."""
    return np.where(c.noted_periods > 0, c.points_forfeited, np.nan)


class EntryPolicy(Policy):
    """When a firm is in the market."""

    name: ClassVar = "entry"
    held: ClassVar = {"closes": _DATE, "exit_after": _DATE}
    free: ClassVar = {
        "opens": "a firm that is not there spends nothing and earns nothing",
        "closes": "a firm that has closed spends nothing and earns nothing",
        "exit_after": "closing costs what the firm would still have earned",
    }
    opens: int = param(
        0, unit="period", bounds=(0, 100_000), evidence="assumed", doc="from which it is open; 0 = from the start"
    )
    closes: int | None = param(
        None, unit="period", bounds=(1, 100_000), evidence="assumed",
        doc="from which it is closed for good; left out = it stays",
    )  # fmt: skip
    exit_after: int | None = param(
        None, unit="periods", bounds=(1, 100_000), evidence="assumed",
        doc="over which its profit has to be below 0 for it to close; left out = it bears any loss",
    )  # fmt: skip


class Entry(Mechanism):
    """Firms that open and close, by date or by their books."""

    name = "entry"
    policy = EntryPolicy
    owns = (
        Column("open_state", ("firm",), 1, "code", "0 not open yet, 1 open, 2 closed for good", "int32"),
        Column("open_since", ("firm",), 0, "period", "in which it opened", "int32"),
        Column("opening", ("firm",), 0, "bool", "whether it opens in the period, later than the run begins", "uint8"),
        Column("closing", ("firm",), 0, "bool", "whether it closes in the period, having been open before", "uint8"),
    )
    writes = (
        "aware", "relation", "provider", "signed", "current", "fell_lost", "points", "provided", "given", "member",
        "tier", "qualifying_spend", "points_expired", "points_outstanding", "provision", "provision_held",
        "memberships_ended", "fixed_cost", "initial_awareness",
    )  # fmt: skip
    counts = (
        Tally("open_periods", "periods", "in which the firm is open"),
        Tally("noted_periods", "periods", "in which it is noted whether the firm is open"),
        Tally("left_behind", "customers", "active, dormant and won-back customers of the firm when it closed"),
        Tally("points_forfeited", "points", "points that lapsed because the firm closed", 0.01),
    )
    kpis = (open_share, customers_left_behind, points_forfeited)
    books_every: int = param(
        13, unit="periods", bounds=(1, 10_000), evidence="assumed",
        doc="time between two looks of a firm at whether it has lost money for too long",
    )  # fmt: skip

    def fits(self, market: Any) -> None:
        """Refuse a firm that closes before it opens."""
        for firm in market.firms:
            date = firm.entry.closes
            if date is not None and date <= firm.entry.opens:
                step = f"give a later period, or an earlier one to firms.{firm.name}.entry.opens = {firm.entry.opens}"
                raise Refusal(
                    f"= {date}, but it has to be open before it closes; {step}", place=f"firms.{firm.name}.entry.closes"
                )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return openings and closings, if any firm is not open from the start to the end."""
        if not any(firm.opens > 0 or firm.closes is not None or firm.exit_after is not None for firm in policies):
            return ()
        customers: tuple[Kernel, ...] = (part_from_customers, forfeit_points, become_known)
        contact = tuple((Phase.CONTACT, kernel) for kernel in customers)
        return ((Phase.OPENING, self.open_and_close), *contact, (Phase.BOOKS, note_open))

    def open_and_close(self, world: World, t: int) -> None:
        """Open and close firms, as the period opens, and let those that are not open set nothing.

        A firm not open yet opens in the first period t >= `opens`; one that is open closes in the first period t >=
        `closes`, or in a multiple of `books_every` when `lost_money`. A firm may open and close in one period only if
        a date is changed during the run; it is then neither opening nor closing. A firm that is open from period 0 on
        is not opening then, and nobody forgets it; so it stays if the first date of the market is set during the run.

        A firm that is not open has every lever of every named policy at its default, but for those that are `given`, a
        programme, and this and the theory of competition; `fixed_cost` is 0, and `initial_awareness` 1, by which
        nobody hears of it by chance. When it opens it has what the scenario says for the period. What is set of these
        by hand while it is not open is lost at once.
        """
        c, levers, still = world.customers, world.firms, standing(world, t)
        for j, firm in enumerate(still.firms):
            if t == 0 and levers.opens[j] > 0:
                c.open_state[j] = NOT_YET
            before = c.open_state[j]
            c.opening[j] = c.closing[j] = 0
            if before == NOT_YET and t >= levers.opens[j]:
                c.open_state[j], c.open_since[j], c.opening[j] = OPEN, t, t > 0
            if c.open_state[j] == OPEN and (t >= levers.closes[j] or self.lost_money(world, t, j)):
                c.open_state[j], c.closing[j], c.opening[j] = CLOSED, before == OPEN, 0
            if c.opening[j] > 0:
                _write(world, j, _all_levers(firm, still.policies(), as_set=True))
            elif c.open_state[j] != OPEN:
                _write(world, j, _shut(still, firm))

    def lost_money(self, world: World, t: int, j: int) -> bool:
        """Return whether firm j made a loss over its last `exit_after` periods, and was open in all of them.

        Only in periods that are a multiple of `books_every`. Profit is the sum over these periods of all that is in
        the accounts revenue, goods, lever and fixed, exact (of whole counts, as fractions); 0 is no loss.
        """
        length = int(world.firms.exit_after[j])
        if length == NEVER or t % self.books_every or t - int(world.customers.open_since[j]) < length:
            return False
        profit = Fraction(0)
        for name, tally in world.tallies.items():
            if tally.account in _SIGN:
                counts = world.history[t - length : t, world.rows[name], ..., j]
                profit += _SIGN[tally.account] * int(counts.sum()) * Fraction(repr(tally.scale))
        return profit < 0


def _shut(still: Any, firm: Any) -> Iterable[tuple[str, Held, Any]]:
    """Return the levers of a firm that is not open: asked for in every period, and long to work out."""
    kinds = still.policies()
    known = _SHUT.get(id(firm))
    if known is None or known[0] is not firm or known[1] != kinds:
        if len(_SHUT) >= _MOST_SHUT:
            _SHUT.pop(next(iter(_SHUT)))
        known = _SHUT[id(firm)] = firm, kinds, tuple(_all_levers(firm, kinds, as_set=False))
    return known[2]


def _all_levers(firm: Any, kinds: Sequence[type[Policy]], as_set: bool) -> Iterator[tuple[str, Held, Any]]:
    """Yield name, how it is held and value of the levers that a firm has when it is open, or when it is not."""
    for kind in kinds:
        own = firm.policy(kind)
        if kind.name and kind.name not in _OWN and not kind.optional:
            chosen = {name: kind.model_fields[name].default for name in kind.model_fields if name not in kind.given}
            policy = own if as_set else own.replace(chosen)
            yield from ((name, held, value) for name, (held, value) in policy.values(firm).items())
        for name in {"fixed_cost", "initial_awareness"} & kind.model_fields.keys() if not kind.name else ():
            nothing = 0.0 if name == "fixed_cost" else 1.0
            yield name, kind.levers()[name], getattr(own, name) if as_set else nothing


def _write(world: World, j: int, levers: Iterable[tuple[str, Held, Any]]) -> None:
    """Write levers of a firm as they are held."""
    for name, held, value in levers:
        world.firms[name][..., j] = by_tier(value, held) if isinstance(value, tuple) else held.into(value)
