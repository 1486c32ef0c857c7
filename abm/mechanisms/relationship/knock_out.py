"""Knock-out: some customers are taken away at a date, so that a market without them shows what they were worth.

Who is taken away is decided by a draw of her own, which is the same in all arms of a study: the run with them and the
run without share all other luck, and differ by what these customers do and by what others do because of them. They
either leave the category, or do not consider one firm any more and buy from its rivals.
Claim: a lost customer costs more than what she would have spent, as those do not come who would have come through her;
more while a market still grows; and it matters whether she leaves the category or goes to a rival.
Source: HOGAN_LEMON_LIBAI_2003 (abstract).  It is a thought experiment: nothing that a firm does makes it happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from abm.core.errors import Refusal, did_you_mean, one_of
from abm.core.kernels import kernel
from abm.core.spec import param
from abm.core.streams import stream_key
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.sums import UNCONSIDERED
from abm.world.columns import Column, Tally
from abm.world.relations import LOST, PROSPECT
from abm.world.traits import drawn_traits
from abm.world.world import World

_NEVER = np.iinfo(np.int32).max


def taken_away(luck: np.ndarray, candidate: np.ndarray, part: float, most: int | None) -> np.ndarray:
    """Return who is taken away (n,) bool: candidates whose luck is below `part`, of these the `most` of lowest luck.

    luck (n,)  0-1      candidate (n,)  bool      Customers of equal luck go or stay together.
    """
    taken = candidate & (luck < part)
    if most is not None and np.count_nonzero(taken) > most:
        return taken & (luck < np.sort(luck[taken])[most])
    return taken


@kernel
def date_first_purchases(first_purchase_at, visit_count, visit_pair, t):
    """Date each customer's first purchase at each firm.  first_purchase_at (pairs,)  period  [written]"""
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        first_purchase_at[pair] = t if first_purchase_at[pair] < 0 else first_purchase_at[pair]


@kernel
def end_relations(
    knocked_out, shunned, exited, relation, provider, signed, customers_removed, exits, left_category, fell_lost,
    current, leaves_category, at, lo, hi, t,
):  # fmt: skip
    """Let those who are taken away leave, before they can buy in the period.

    Who leaves the category is lost to every firm whose customer she was. Who leaves a firm is lost to it, without a
    contract, a provider or a fee if it was her provider. Relations end now, so that neighbours do not learn through
    her in the period whichever way she leaves.

    exited (n,)  period, relation (m, n), provider, signed (n,)  [written]
    customers_removed, exits, left_category, fell_lost, current  tallies [written]
    """
    if t == at:
        for i in range(lo, hi):
            if knocked_out[i] > 0:
                customers_removed[shunned[i]] += 1
                for j in range(relation.shape[0]):
                    customer = (relation[j, i] != PROSPECT) & (relation[j, i] != LOST)
                    if customer & (leaves_category | (shunned[i] == np.int64(j))):
                        relation[j, i] = LOST
                        current[j] += 1
                        fell_lost[j] += 1
                        left_category[j] += 1 if leaves_category else 0
                if leaves_category:
                    exited[i] = t
                    exits[provider[i]] += 1
                elif provider[i] == shunned[i]:
                    provider[i] = -1
                    signed[i] = -1


@kernel
def leave_out_shunned(utility, knocked_out, shunned, lo, hi):
    """Take out of consideration, for good, the firm that a customer was taken from.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            out = (knocked_out[i] > 0) & (shunned[i] == np.int64(j))
            utility[j, i - lo] += UNCONSIDERED if out else np.float32(0.0)


@kpi(unit="customers")
def customers_removed(c: Tallied) -> FloatArray:
    """Customers of the firm who were taken away for comparison, to the category's loss or to rivals' gain."""
    return c.customers_removed


class KnockOut(Mechanism):
    """Customers who are taken away at a date, to see what the market is without them."""

    name = "knock_out"
    needs = ("lifecycle",)
    owns = (
        Column(
            "parting_luck", ("customer",), 1, "0-1", "the draw that decides who is taken away, low first", "float64"
        ),
        Column("knocked_out", ("customer",), 0, "bool", "whether she has been taken away", "uint8"),
        Column("shunned", ("customer",), -1, "firm", "that she was taken from, -1 = none", "int32"),
        Column("first_purchase", ("firm", "customer"), -1, "period", "of the first purchase, -1 = none", "int32"),
    )
    writes = ("exited", "relation", "provider", "signed", "exits", "left_category", "fell_lost", "current")
    counts = (Tally("customers_removed", "customers", "customers of the firm who were taken away"),)
    kpis = (customers_removed,)
    at: int = param(
        26, unit="period", bounds=(1, 100_000), evidence="assumed", doc="when they leave; beyond the run: nobody does"
    )
    part: float = param(
        0.0, unit="share", bounds=(0, 1), evidence="assumed", doc="of the customers in question who leave; 0 = nobody"
    )
    most: int | None = param(
        None, unit="customers", bounds=(1, 1_000_000_000), evidence="assumed",
        doc="who leave at most, those with the lowest draws; left out = no limit",
    )  # fmt: skip
    way: Literal["disadopt", "switch"] = param(
        "disadopt", unit="name", evidence="assumed", doc="whether they leave the category, or the firm for its rivals"
    )
    of_firm: str = param(
        "", unit="name", evidence="assumed",
        doc="whose customers are in question; left out = everybody who is somebody's, each taken from her provider",
    )  # fmt: skip
    since: int = param(
        0, unit="period", bounds=(0, 100_000), evidence="assumed", doc="earliest first purchase of those in question"
    )
    before: int | None = param(
        None, unit="period", bounds=(1, 100_000), evidence="assumed",
        doc="the first purchase of those in question is earlier than this; left out = whenever they came",
    )  # fmt: skip

    @property
    def leaves_category(self) -> bool:
        """Whether they leave the category, as kernels take it."""
        return self.way == "disadopt"

    def fits(self, market: Any) -> None:
        """Refuse a firm that there is not."""
        names = [firm.name for firm in market.firms]
        if self.of_firm and self.of_firm not in names:
            known = did_you_mean(self.of_firm, names) or f"; there is {one_of(names)}"
            raise Refusal(f'= "{self.of_firm}" is no firm{known}', place="knock_out.of_firm")

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return dates of first purchases, who is taken away and what they leave, if anybody is."""
        if self.part == 0:
            return ()
        shunning = () if self.leaves_category else ((Phase.VALUATION, leave_out_shunned),)
        found = (Phase.OPENING, AtDates(self.choose, self.at)), (Phase.CONTACT, end_relations)
        return (*found, *shunning, (Phase.RELATION, date_first_purchases))

    def begin(self, world: World, seed: int) -> None:
        """Draw everybody's luck at a uniform of 32 bits (period 0, draw 0, block 0, word 0)."""
        c = world.customers
        for rows, luck in drawn_traits(c.customer_id, stream_key(seed, self.name), world.replication):
            c.parting_luck[rows] = luck[0]

    def choose(self, world: World, t: int) -> None:
        """Choose who is taken away in period `at`, and from which firm.

        In question is who has the firm's relation as an active, dormant or won-back customer, or of her provider's if
        no firm is named, and whose first purchase there lies in [since, before).
        """
        if t != self.at:
            return
        c, rows = world.customers, np.arange(world.n)
        own = world.firm_names.index(self.of_firm) if self.of_firm else -1
        firm = np.full(world.n, own) if self.of_firm else c.provider
        relation, came = c.relation[firm, rows], c.first_purchase[firm, rows]
        candidate = (firm >= 0) & (relation != PROSPECT) & (relation != LOST) & (c.exited < 0)
        candidate &= (came >= self.since) & (came < (_NEVER if self.before is None else self.before))
        taken = taken_away(c.parting_luck, candidate, self.part, self.most)
        c.knocked_out[taken] = 1
        c.shunned[taken] = firm[taken]
