"""Customer classes: each firm ranks its customers once a year and serves its best ones differently.   No neighbours.

Class A are the best 1 in 100 of a firm's buyers of the time since it ranked them last, B the next 4, C the next 15, D
the rest; who has not bought is in none. Ranks are taken as a period begins, at whose start the class is known.
Claim: few customers bring most of the money, so effort spent on them pays; against it stand that effort has less and
less effect, that it is missing elsewhere, and that part of the lead of last year's best was luck.
Source: CURRY_CURRY_2000 and ZEITHAML_RUST_LEMON_2001 (classes by rank); what effort and a person of her own do is
assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.functions import whole
from abm.core.kernels import kernel
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, NUMBER, Held, Policy
from abm.mechanisms.relationship.class_service import (
    add_effort,
    attend_to_best,
    book_persons,
    book_priority,
    discount_classes,
    foresee_class_discount,
    hasten_best,
    weigh_visitors,
)
from abm.mechanisms.relationship.ranking import classes_by_rank, quintiles
from abm.world.columns import CENT, Column, Tally
from abm.world.world import World

CLASSES = "ABCD"  # codes 1 to 4; 0 = none


def _said(held: float) -> float | None:
    return None if held < 0 else NUMBER.back(held)


_UNSAID = Held("float32", lambda share: -1.0 if share is None else share, _said)


@kernel(double=True)
def note_custom(
    class_spend_at, class_margin_at, class_visits_at, class_last_at, visit_count, visit_customer, visit_firm,
    visit_pair, visit_spend, visit_cost, basket, unit_cost, t,
):  # fmt: skip
    """Note what each visit brings since the last ranking; margin is what is paid less goods and what levers cost.

    class_spend_at, class_margin_at (pairs,)  cents, class_visits_at (pairs,), class_last_at (pairs,)  period  [written]
    """
    for v in range(visit_count[0]):
        pair, j = visit_pair[v], visit_firm[v]
        goods = whole(np.floor(100.0 * np.float64(unit_cost[j]) * np.float64(basket[visit_customer[v]]) + 0.5))
        class_spend_at[pair] += visit_spend[v]
        class_margin_at[pair] += visit_spend[v] - goods - visit_cost[v]
        class_visits_at[pair] += 1
        class_last_at[pair] = t


_NO_RANKING = "no ranking in the period, or the firm had no buyers"
_NO_A = "no ranking in the period, or nobody was in class A"


@kpi(unit="share", nan=_NO_RANKING)
def class_a_revenue_share(c: Tallied) -> FloatArray:
    """What customers who come to be in class A have paid since the last ranking / what all buyers have paid."""
    return c.class_a_revenue / c.ranked_revenue


@kpi(unit="share", nan=_NO_RANKING)
def class_ab_revenue_share(c: Tallied) -> FloatArray:
    """What customers who come to be in class A or B have paid since the last ranking / what all buyers have paid."""
    return (c.class_a_revenue + c.class_b_revenue) / c.ranked_revenue


@kpi(unit="share", nan=_NO_RANKING)
def class_abc_revenue_share(c: Tallied) -> FloatArray:
    """What customers who come to be in class A, B or C have paid since the last ranking / what all buyers have paid."""
    return (c.class_a_revenue + c.class_b_revenue + c.class_c_revenue) / c.ranked_revenue


@kpi(unit="share", better="more", nan=_NO_A)
def still_a_share(c: Tallied) -> FloatArray:
    """Customers in class A at a ranking and the one before / those in class A at the one before."""
    return c.class_a_again / c.class_a_before


@kpi(unit="share", nan=_NO_A)
def lead_kept(c: Tallied) -> FloatArray:
    """How far class A pays more than the mean classed customer, since its ranking / in the time that it was ranked by.

    1 = the whole lead is kept, 0 = it was luck (regression to the mean).
    """
    before = c.class_a_paid_before / c.class_a_before - c.classed_paid_before / c.classed_before
    after = c.class_a_paid_after / c.class_a_before - c.classed_paid_after / c.classed_before
    return after / before


class ClassPolicy(Policy):
    """How a firm serves its classes of customers."""

    name: ClassVar = "classes"
    held: ClassVar = {"effort_on_top": _UNSAID}
    given: ClassVar = {
        "person_cost": "what its inputs cost is given to a firm",
        "priority_scale": "what an hour of staff costs is given to a firm",
    }
    free: ClassVar = {"effort_on_top": "the same effort is divided otherwise; what one class gets others miss"}
    class_discount: tuple[float, ...] = param(
        (), unit="share", evidence="assumed", doc="price cut of class A, B, C, D (at most 4)"
    )
    has_person: bool = param(
        False, unit="true/false", evidence="assumed", doc="whether each customer in class A has a person of her own"
    )
    person_cost: float = param(
        2.0, unit="cu/customer/period", bounds=(0, 1e6), evidence="assumed", doc="cost of that person"
    )
    complaint_priority: float = param(
        0.0,
        unit="share",
        bounds=(0, 0.99),
        evidence="assumed",
        doc="handling time that complaints of class A are spared",
    )
    priority_scale: float = param(
        2.0,
        unit="cu/complaint",
        bounds=(0, 1e4),
        evidence="assumed",
        doc="scale of its cost, -ln(1 - priority)",
    )
    effort_on_top: float | None = param(
        None, unit="share", bounds=(0.01, 0.99), evidence="assumed",
        doc="share of service effort spent on visitors of class A, B or C; left out = all are served alike",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what a person costs, and hurrying for a complaint."""
        return {
            "person_expense": (CENTS, self.person_cost if self.has_person else 0.0),
            "priority_expense": (CENTS, -self.priority_scale * math.log1p(-self.complaint_priority)),
        }

    @model_validator(mode="after")
    def _discounts(self) -> ClassPolicy:
        if len(self.class_discount) > len(CLASSES):
            raise Refusal(f"class_discount has {len(self.class_discount)} entries; at most 4 are allowed")
        if any(not 0 <= discount < 1 for discount in self.class_discount):
            raise Refusal("class_discount must lie in [0, 1)")
        return self


class CustomerClasses(Mechanism):
    """Classes of each firm's customers, and what a class is served with."""

    name = "customer_classes"
    serves = ("D1", "D2", "D3")
    policy = ClassPolicy
    owns = (
        Column("customer_class", ("firm", "customer"), 0, "level", "at the firm: 0 none, 1 A, 2 B, 3 C, 4 D", "uint8"),
        Column("class_spend", ("firm", "customer"), 0, "cents", "paid since the last ranking", "int64"),
        Column("class_margin", ("firm", "customer"), 0, "money", "contribution since then", "int64"),
        Column("class_visits", ("firm", "customer"), 0, "visits", "to the firm since then", "int32"),
        Column("class_last", ("firm", "customer"), -1, "period", "of the latest of these, -1 = none", "int32"),
        Column("class_spend_before", ("firm", "customer"), 0, "cents", "paid in the time ranked by", "int64"),
        Column("top_visit_share", ("firm",), 0, "0-1", "share of the period's visitors in class A, B or C"),
    )
    writes = ("personal_bond",)
    counts = (
        Tally("ranked_revenue", "cu", "paid by buyers between two rankings", CENT),
        Tally("class_a_revenue", "cu", "of this, by who comes to be in class A", CENT),
        Tally("class_b_revenue", "cu", "of this, by who comes to be in class B", CENT),
        Tally("class_c_revenue", "cu", "of this, by who comes to be in class C", CENT),
        Tally("classed_before", "customers", "in a class since the ranking before"),
        Tally("class_a_before", "customers", "of these, in class A"),
        Tally("class_a_again", "customers", "of these, in class A again"),
        Tally("classed_paid_before", "cu", "paid by the classed in the time they were ranked by", CENT),
        Tally("class_a_paid_before", "cu", "of this, by class A", CENT),
        Tally("classed_paid_after", "cu", "paid by the classed since", CENT),
        Tally("class_a_paid_after", "cu", "of this, by class A", CENT),
        Tally("priority_spend", "cu", "cost of hurrying for complaints of class A", CENT, account="lever"),
        Tally("person_spend", "cu", "cost of persons of class A", CENT, account="lever"),
    )
    kpis = (class_a_revenue_share, class_ab_revenue_share, class_abc_revenue_share, still_a_share, lead_kept)
    by: Literal["revenue", "margin", "recency_frequency_money"] = param(
        "revenue", unit="name", evidence="assumed",
        doc="what customers are ranked by: paid, contribution, or the sum of quintiles of last visit, visits and paid",
    )  # fmt: skip
    share_a: float = param(0.01, unit="share", bounds=(0, 1), evidence="assumed", doc="share of buyers in class A")
    share_b: float = param(0.04, unit="share", bounds=(0, 1), evidence="assumed", doc="share of buyers in class B")
    share_c: float = param(0.15, unit="share", bounds=(0, 1), evidence="assumed", doc="share of buyers in class C")
    every: int = param(52, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time between two rankings")
    effort_effect: float = param(
        0.1, unit="0-1", bounds=(0, 1), evidence="assumed", doc="performance added by effort e times the average"
    )
    attended_rate: float = param(
        0.1, unit="1/visit", bounds=(0, 1), evidence="assumed", doc="growth of the bond to a person of her own"
    )

    @model_validator(mode="after")
    def _shares_leave_a_rest(self) -> CustomerClasses:
        total = self.share_a + self.share_b + self.share_c
        if total > 1.0 + 1e-9:
            raise Refusal(f"share_a + share_b + share_c = {total:.6g}; together they may be 1 at most")
        return self

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the ranking and what it is of, and what firms do for their classes."""
        ranked = ((Phase.OPENING, AtDates(self.rank, self.every)), (Phase.BOOKING, note_custom))
        divided = any(policy.effort_on_top is not None for policy in policies)
        effort = ((Phase.OPERATIONS, weigh_visitors), (Phase.DELIVERY, add_effort)) if divided else ()
        cheaper = any(any(policy.class_discount) for policy in policies)
        cut = ((Phase.VALUATION, foresee_class_discount), (Phase.DELIVERY, discount_classes)) if cheaper else ()
        attended = any(policy.has_person for policy in policies)
        person = ((Phase.LEARNING, attend_to_best), (Phase.BOOKS, book_persons)) if attended else ()
        hurried = any(policy.complaint_priority > 0 for policy in policies)
        first = ((Phase.VOICE, hasten_best), (Phase.RECOVERY, book_priority)) if hurried else ()
        return (*ranked, *effort, *cut, *person, *first)

    def fits(self, market: Any) -> None:
        """Refuse complaints of class A that come first where there are no amends."""
        for firm in market.firms:
            if firm.policy(ClassPolicy).complaint_priority > 0 and market.recovery is None:
                raise Refusal(
                    f"firm {firm.name!r} sets classes.complaint_priority, but the market has no recovery; give the "
                    "scenario sections [scenario.complaint] and [scenario.recovery]"
                )

    def rank(self, world: World, t: int) -> None:
        """Put each firm's buyers of the time since the last ranking into classes, and begin to note anew.

        The highest come first, of equals the lowest identity. Of k buyers, those of rank up to the whole number nearest
        to k times the shares so far, halves rounded up, are in a class; D has the rest. The quintile of an amount is 5
        times its rank from the lowest, over k, rounded up; who have the same amount share their mean rank.
        """
        c = world.customers
        if t == 0:
            return
        before = c.customer_class.copy()
        for j in range(world.m):
            rows = np.flatnonzero(c.class_visits[j] > 0)
            c.customer_class[j] = 0
            if rows.size:
                found = classes_by_rank(self.scores(world, j, rows), c.customer_id[rows], self._shares)
                c.customer_class[j, rows] = found
        self._count(world, before)
        c.class_spend_before[...] = c.class_spend
        for name in ("class_spend", "class_margin", "class_visits"):
            c[name].fill(0)
        c.class_last.fill(-1)

    @property
    def _shares(self) -> tuple[float, float, float]:
        return self.share_a, self.share_b, self.share_c

    def scores(self, world: World, j: int, rows: np.ndarray) -> np.ndarray:
        """Return what customers in rows (k,) of firm j are ranked by (k,) float64, the more the better."""
        c = world.customers
        if self.by == "revenue":
            return c.class_spend[j, rows].astype(np.float64)
        if self.by == "margin":
            return c.class_margin[j, rows].astype(np.float64)
        return np.sum([quintiles(c[name][j, rows]) for name in ("class_last", "class_visits", "class_spend")], axis=0)

    def _count(self, world: World, before: np.ndarray) -> None:
        """Count what classes have paid, and what became of those of the ranking before (m, n)."""
        c, rows = world.customers, np.arange(world.n)
        now, was_a, classed = c.customer_class, before == 1, before > 0
        counted = {
            "ranked_revenue": c.class_spend,
            **{f"class_{'abc'[k]}_revenue": c.class_spend * (now == k + 1) for k in range(3)},
            "classed_before": classed, "class_a_before": was_a, "class_a_again": was_a & (now == 1),
            "classed_paid_before": c.class_spend_before * classed, "class_a_paid_before": c.class_spend_before * was_a,
            "classed_paid_after": c.class_spend * classed, "class_a_paid_after": c.class_spend * was_a,
        }  # fmt: skip
        for name, amounts in counted.items():
            world.count(name, rows, amounts)
