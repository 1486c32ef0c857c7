"""Winning back: a budget divided between customers who have lapsed and strangers on a bought list.   No neighbours.

Every `every` periods a firm writes to as many as its budget pays for. The lapsed are those whom it knows, of whom it is
warned, and who have been silent for some time; prospects are people whom it does not know. Both get a voucher; what
comes of it is a matter of what they think of the firm, which for the lapsed is what they learned on their visits.
Claim: who was worth much before she lapsed is the more worth winning back, the sooner the better; and money is best
divided so that the last of it brings as much with either.
Source: KUMAR_BHAGWAT_ZHANG_2015 (a stronger first lifetime returns more); THOMAS_BLATTBERG_FOX_2004 (the price of
winning back); all sizes are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.relationship.targets import nearest
from abm.mechanisms.relationship.win_back_kernels import (
    LAPSED,
    LAPSED_CONTACTED,
    LAPSED_HELD_OUT,
    PROSPECT,
    PROSPECT_CONTACTED,
    PROSPECT_HELD_OUT,
    apologise,
    approach_lapsed,
    draw_lots,
    draw_order,
    offer_return,
)
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World

_RECENCY = 0
_GROUPS = {
    "lapsed": (LAPSED_CONTACTED, LAPSED_HELD_OUT),
    "prospects": (PROSPECT_CONTACTED, PROSPECT_HELD_OUT),
}


@kpi(unit="contacts/customer/period")
def win_back_contact_rate(c: Tallied) -> FloatArray:
    """Lapsed customers and prospects whom the firm contacted / customers of the market, per period."""
    return (c.lapsed_contacted + c.prospects_contacted) / c.population


@kpi(unit="share", better="more", nan="no campaign has ended, or nobody who had lapsed was contacted")
def win_back_rate(c: Tallied) -> FloatArray:
    """Contacted lapsed customers who bought by the next campaign / contacted lapsed customers, also those who would
    have come without it."""
    return c.lapsed_contacted_bought / c.lapsed_contacted_judged


@kpi(unit="difference of shares", better="more", nan="no campaign has ended, or nobody was contacted, or held out")
def win_back_effect(c: Tallied) -> FloatArray:
    """Of contacted lapsed customers the share who bought by the next campaign, less that of those held out by lot."""
    held_out = c.lapsed_held_out_bought / c.lapsed_held_out_judged
    return c.lapsed_contacted_bought / c.lapsed_contacted_judged - held_out


@kpi(unit="difference of shares", better="more", nan="no campaign has ended, or nobody was contacted, or held out")
def prospect_effect(c: Tallied) -> FloatArray:
    """Of contacted prospects the share who bought by the next campaign, less that of those held out by lot."""
    held_out = c.prospects_held_out_bought / c.prospects_held_out_judged
    return c.prospects_contacted_bought / c.prospects_contacted_judged - held_out


class WinBackPolicy(Policy):
    """How a firm divides its budget between those who have lapsed and those who never came."""

    name = "win_back"
    given: ClassVar = {"prospect_cost": "what a bought list and its letters cost is given to a firm"}
    free: ClassVar = {"lapsed_by": "an order says who comes first; each contact costs what it costs"}
    acquisition_budget: float = param(
        0.0, unit="cu/customer/period", bounds=(0, 1e3), evidence="assumed",
        doc="for contacts, per customer of the market; spent at campaigns, as far as there is anybody; 0 = none",
    )  # fmt: skip
    lapsed_share: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed", doc="part of the budget for customers who have lapsed"
    )
    lapse_from: int = param(
        13, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="silence from which a customer has lapsed"
    )
    lapse_length: int = param(
        40, unit="periods", bounds=(1, 10_000), evidence="assumed",
        doc="of the time from then on in which she may be written to",
    )  # fmt: skip
    lapsed_by: Literal["recency", "spend"] = param(
        "recency", unit="name", evidence="assumed", doc="who comes first: the shortest silence, or the most spend seen"
    )
    win_back_offer: float = param(
        0.0, unit="cu", bounds=(0, 1e4), evidence="assumed", doc="voucher of a contact; paid when redeemed"
    )
    win_back_holdout: float = param(
        0.0, unit="share", bounds=(0, 0.95), evidence="assumed",
        doc="of those picked, who are not contacted, by lot, to learn from",
    )  # fmt: skip
    prospect_cost: float = param(
        0.5, unit="cu/contact", bounds=(0, 1e4), evidence="assumed",
        doc="cost of an address on a bought list, and of the letter to it",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return voucher and prospect in cents, and the budget per customer and period in 1/100 cent."""
        return {
            "win_back_voucher": (CENTS, self.win_back_offer),
            "prospect_expense": (CENTS, self.prospect_cost),
            "budget_expense": (CENTS, 100.0 * self.acquisition_budget),
        }


class WinBack(Mechanism):
    """Campaigns to win customers back, and to win new ones."""

    name = "win_back"
    needs = ("information", "contacts", "offers", "lifecycle")
    policy = WinBackPolicy
    owns = (
        Column(
            "win_back_state", ("firm", "customer"), 0, "code",
            "latest campaign: lapsed 1 picked, 2 contacted, 3 held out; prospect 4, 5, 6", "uint8",
        ),
        Column("win_back_luck", ("firm", "customer"), 0, "0-1", "her place in an order by lot"),
    )  # fmt: skip
    writes = ("aware", "learned")
    counts = (
        Tally("lapsed_contacted", "customers", "lapsed customers who were contacted"),
        Tally("prospects_contacted", "customers", "prospects who were contacted"),
        Tally("prospect_spend", "cu", "cost of contacts with prospects", CENT, account="lever"),
        *(
            Tally(f"{who}_{what}_{when}", "customers", f"{who} {said}, of the campaign before{whose}")
            for who in _GROUPS
            for what, said in (("contacted", "contacted"), ("held_out", "held out"))
            for when, whose in (("judged", ""), ("bought", ", who have bought since"))
        ),
    )
    kpis = (win_back_contact_rate, win_back_rate, win_back_effect, prospect_effect)
    every: int = param(13, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time between two campaigns")
    least_warning: float = param(
        0.5, unit="0-1", bounds=(0, 1), evidence="assumed",
        doc="warning from which a silent customer counts as lapsed: who comes rarely is silent for long",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing without a budget; else who is picked, lots, letters and vouchers."""
        if not any(policy.acquisition_budget > 0 for policy in policies):
            return ()
        picked = ((Phase.OPENING, AtDates(self.pick, self.every)), (Phase.CONTACT, draw_lots))
        letters = (approach_lapsed, apologise, offer_return)
        sent = tuple((Phase.CONTACT, kernel) for kernel in letters)
        return (*picked, *sent, (Phase.WINDOWS, draw_order))

    def fits(self, market: Any) -> None:
        """Refuse letters to the lapsed of a firm that knows nobody."""
        for firm in market.firms:
            own, known = firm.policy(WinBackPolicy), firm.information
            writes = own.acquisition_budget > 0 and own.lapsed_share > 0
            if writes and known.data_coverage == 0 and not known.omniscient:
                raise Refusal(
                    f"firm {firm.name!r} sets win_back.lapsed_share, but knows nobody; give it "
                    "information.data_coverage > 0, or lapsed_share = 0"
                )

    def pick(self, world: World, t: int) -> None:
        """Judge the campaign before, and pick whom the budget pays for; in period 0 nothing is done.

        All that is read is as the period before ended; once judged, everybody's `win_back_state` is 0 again.
        A firm has `acquisition_budget`, in the nearest 1/100 cent, times `every` for each customer of the market: in
        all so many whole cents, rounded down. Of it the part `lapsed_share`, in the nearest whole cents, is for the
        lapsed, the rest for prospects. Either pays for as many contacts as their cost goes into it, and at most for
        those who are there: for all of them if they cost nothing and there is a cent. What is left is not spent.
        Lapsed is who is known, has a warning of `least_warning` or more and was last seen `lapse_from` periods before t
        or longer, but less than `lapse_from + lapse_length`; first come the shortest silences, or the highest spend
        seen, of equals the first in the order of the lot. Prospects are customers who are not known, in the order of
        the lot. Last the lowest identity decides.
        """
        if t == 0:
            return
        c, levers = world.customers, world.firms
        self._judge(world, t)
        c.win_back_state.fill(0)
        for j in np.flatnonzero(levers.acquisition_budget > 0).tolist():
            budget = int(levers.budget_expense[j]) * self.every * world.n // 100
            for_lapsed = nearest(levers.lapsed_share[j], budget)
            silence = t - c.seen_last[j]
            lapsed = (c.known[j] > 0) & (c.warning[j] >= np.float32(self.least_warning))
            beyond = silence - levers.lapse_from[j]
            lapsed &= (beyond >= 0) & (beyond < levers.lapse_length[j])
            first = silence if levers.lapsed_by[j] == _RECENCY else -c.seen_spend[j]
            self._mark(world, j, LAPSED, np.flatnonzero(lapsed), first, for_lapsed, int(levers.contact_expense[j]))
            strangers = np.flatnonzero(c.known[j] == 0)
            alike = np.zeros(world.n, np.int8)
            rest = budget - for_lapsed
            self._mark(world, j, PROSPECT, strangers, alike, rest, int(levers.prospect_expense[j]))

    def _mark(
        self, world: World, j: int, code: np.uint8, rows: np.ndarray, first: np.ndarray, money: int, price: int
    ) -> None:
        """Mark those of rows (k,) whom so many cents pay for, the lowest of `first` (n,) first."""
        c = world.customers
        order = np.lexsort((c.customer_id[rows], c.win_back_luck[j, rows], first[rows]))
        paid = order if price == 0 and money > 0 else order[: money // max(price, 1)]
        c.win_back_state[j, rows[paid]] = code

    def _judge(self, world: World, t: int) -> None:
        """Count who of the campaign before has bought since: `last_purchase >= t - every`.

        Of the lapsed and the prospects who were contacted (2, 5) and of those held out (3, 6), at every firm.
        """
        c, rows = world.customers, np.arange(world.n)
        bought = c.last_purchase >= t - self.every
        for who, states in _GROUPS.items():
            for what, state in zip(("contacted", "held_out"), states, strict=True):
                there = c.win_back_state == state
                world.count(f"{who}_{what}_judged", rows, there)
                world.count(f"{who}_{what}_bought", rows, there & bought)
