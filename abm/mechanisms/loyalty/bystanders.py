"""Bystanders: who is treated better is seen by who is not.   Reads all visitors of a firm in the period.

Claim: preferential treatment that others see raises the status that the treated feel, and seems unfair to bystanders,
those who get less than others who are there; a clear rule takes from both. What is worth nothing is not envied: both
grow with what tiers bring beyond the base tier, and with the share of such visitors among all.
Source: STEINHOFF_PALMATIER_2014 (opposite effects on target and bystander, visibility, rule clarity: signs); form and
sizes are assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.citations import cite
from abm.core.functions import STEPS, in_steps
from abm.core.kernels import equation, kernel
from abm.core.sources import STEINHOFF_PALMATIER_2014
from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.loyalty.treatment import extra_benefit, part_noticed
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Column, Tally


@equation(double=True)
def gap_to_others(total, own, visitors):
    """Return her benefit less the mean of the other visitors', in baskets, float32; 0 if she is alone.

    total, own : over all visits, and of this one, in whole 2^-20 baskets
    """
    others = np.float64(total - own) / np.float64(max(visitors - 1, 1))
    return np.float32((np.float64(own) - others) / STEPS) if visitors > 1 else np.float32(0.0)


@equation
def felt(gap, visible, clarity, status_weight, unfairness_weight, dulled, softened, noticed):
    """Return what treatment adds to satisfaction.  gap: own benefit less that of others, baskets; visible: 0-1

    gap > 0: visible * status_weight * (1 - dulled * clarity) * gap / (gap + noticed)
    else:    -visible * unfairness_weight * (1 - softened * clarity) * -gap / (-gap + noticed)
    """
    weight = status_weight * (1.0 - dulled * clarity) if gap > 0.0 else -unfairness_weight * (1.0 - softened * clarity)
    return visible * weight * part_noticed(abs(gap), noticed)


@kernel(per="firm")
def show_treatment(
    treatment_shown, visitors_present, book_start, book_visit, visit_customer, tier, point_value, basket, price,
    earn_per_visit, earn_rate, tier_discount, tier_bonus, visibility, lo, hi,
):  # fmt: skip
    """Add up what tiers bring the period's visitors of firms lo..hi beyond the base tier, served or not.

    It is `extra_benefit` at the tier as the period began, cut off to whole 2^-20 baskets; 0 in the base tier and for
    who is no member. Only of firms with `visibility` above 0; the others keep what they had.

    treatment_shown (m,)  2^-20 baskets, visitors_present (m,)  visits  [written]
    """
    for j in range(lo, hi):
        if visibility[j] > 0.0:
            first, last, total = book_start[j], book_start[np.int64(j) + 1], 0
            for b in range(first, last):
                i = visit_customer[book_visit[b]]
                k = tier[j, i]
                if k > 0:
                    total += in_steps(
                        extra_benefit(
                            point_value[j, i], basket[i], price[j], earn_per_visit[j], earn_rate[j],
                            tier_discount[k, j], tier_bonus[k, j],
                        )
                    )  # fmt: skip
            treatment_shown[j] = total
            visitors_present[j] = last - first


@kernel
def feel_treatment(
    visit_treatment, visit_count, visit_customer, visit_firm, visit_pair, treatment_shown, visitors_present,
    tier_at, point_value_at, basket, price, earn_per_visit, earn_rate, tier_discount, tier_bonus, visibility,
    rule_clarity, status_weight, unfairness_weight, dulled, softened, noticed, preferred_visits, bystander_visits,
    status_sum, unfairness_sum,
):  # fmt: skip
    """Find what it does to a visitor to be treated better, or worse, than the other visitors of the firm: `felt`.

    The gap is her own `extra_benefit`, at the tier as the period began, cut off to whole 2^-20 baskets, less the mean
    of all other visits of the period to the firm. Who comes more than once is one of the others to herself. A gap of 0
    does nothing; nor is anything felt at a firm with `visibility` 0, or where nobody is in a tier that brings anything.

    visit_treatment (visits,)  [written]
    preferred_visits, bystander_visits, status_sum, unfairness_sum  tallies, of gaps above and below 0 [written]
    """
    for v in range(visit_count[0]):
        j, pair, i = visit_firm[v], visit_pair[v], visit_customer[v]
        visit_treatment[v] = 0.0
        if visibility[j] > 0.0 and treatment_shown[j] > 0:
            k = tier_at[pair]
            own = in_steps(
                extra_benefit(
                    point_value_at[pair], basket[i], price[j], earn_per_visit[j], earn_rate[j], tier_discount[k, j],
                    tier_bonus[k, j],
                )
            )  # fmt: skip
            gap = gap_to_others(treatment_shown[j], own, visitors_present[j])
            added = felt(
                gap, visibility[j], rule_clarity[j], status_weight, unfairness_weight, dulled, softened, noticed
            )
            visit_treatment[v] = added
            preferred_visits[j] += 1 if gap > 0.0 else 0
            bystander_visits[j] += 1 if gap < 0.0 else 0
            status_sum[j] += in_steps(added) if gap > 0.0 else 0
            unfairness_sum[j] += in_steps(-added) if gap < 0.0 else 0


@kernel
def add_treatment(satisfaction_shift, visit_treatment, visit_count):
    """Add what treatment does to satisfaction with a visit.  satisfaction_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        satisfaction_shift[v] += visit_treatment[v]


@kernel
def add_treatment_cost(visit_cost, visit_count, visit_firm, treatment_expense):
    """Add what display and explanation cost on a visit.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] += treatment_expense[visit_firm[v]]


@kernel(per="share")
def book_treatment(visits, treatment_expense, treatment_spend):
    """Book what display and explanation have cost on the period's visits.  treatment_spend  tally [written]"""
    for j in range(treatment_expense.shape[0]):
        treatment_spend[j] += visits[j] * treatment_expense[j]


@kpi(unit="share", better="less", nan="nobody visited the firm")
def bystander_share(c: Tallied) -> FloatArray:
    """Visits of customers who saw others treated better than themselves / visits; 0 if nothing is shown."""
    return c.bystander_visits / c.visits


@kpi(unit="0-1", better="more", nan="nobody was treated better than others who were there")
def status_felt(c: Tallied) -> FloatArray:
    """Satisfaction added by being treated better than others who are there / visits of the treated."""
    return c.status_sum / c.preferred_visits


@kpi(unit="0-1", better="less", nan="nobody saw others treated better")
def unfairness_felt(c: Tallied) -> FloatArray:
    """Satisfaction taken by seeing others treated better / visits of bystanders."""
    return c.unfairness_sum / c.bystander_visits


class TreatmentPolicy(Policy):
    """How openly a firm treats members of higher tiers better, and how clear the rule is."""

    name: ClassVar = "treatment"
    given: ClassVar = {
        "display_cost": "what its inputs cost is given to a firm",
        "clarity_cost": "what its inputs cost is given to a firm",
    }
    visibility: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="how openly better treatment is given; 0 = unseen"
    )
    rule_clarity: float = param(
        0.0,
        unit="0-1",
        bounds=(0, 0.99),
        evidence="assumed",
        doc="how clear it is to all who is treated better and why",
    )
    display_cost: float = param(
        0.1,
        unit="cu/visit",
        bounds=(0, 1e4),
        evidence="assumed",
        doc="scale of -ln(1 - visibility): desks, signs, cards",
    )
    clarity_cost: float = param(
        0.1, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - rule_clarity): explaining it"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what display and explanation cost a visit: each further step costs more than the one before."""
        display = -self.display_cost * math.log1p(-self.visibility)
        return {"treatment_expense": (CENTS, display - self.clarity_cost * math.log1p(-self.rule_clarity))}


class Bystanders(Mechanism):
    """What better treatment of some does to those who see it, and to those who are seen."""

    name = "bystanders"
    policy = TreatmentPolicy
    owns = (
        Column("treatment_shown", ("firm",), 0, "2^-20 baskets", "what tiers bring the period's visitors", "int64"),
        Column("visitors_present", ("firm",), 0, "visits", "to the firm in the period, served or not", "int64"),
    )
    scratch = (Column("visit_treatment", ("visit",), 0, "shift of 0-1", "what it does to be treated better or worse"),)
    counts = (
        Tally("preferred_visits", "visits", "visits of those treated better than the others there"),
        Tally("bystander_visits", "visits", "visits of those treated worse than the others there"),
        Tally("status_sum", "0-1", "sum over the former of satisfaction added", 1 / FIXED_POINT),
        Tally("unfairness_sum", "0-1", "sum over the latter of satisfaction taken", 1 / FIXED_POINT),
        Tally("treatment_spend", "cu", "cost of showing and explaining better treatment", CENT, account="lever"),
    )
    kpis = (bystander_share, status_felt, unfairness_felt)
    status_weight: float = param(
        0.05, unit="0-1", bounds=(0, 1), evidence="assumed", source=cite(STEINHOFF_PALMATIER_2014, "abstract: sign"),
        doc="satisfaction added by far better treatment than others', in full view and without a rule",
    )  # fmt: skip
    unfairness_weight: float = param(
        0.10, unit="0-1", bounds=(0, 1), evidence="assumed", source=cite(STEINHOFF_PALMATIER_2014, "abstract: sign"),
        doc="satisfaction taken by far worse treatment than others', in full view and without a rule",
    )  # fmt: skip
    dulled: float = param(
        0.3, unit="share", bounds=(0, 1), evidence="assumed", source=cite(STEINHOFF_PALMATIER_2014, "abstract: sign"),
        doc="part of status that a clear rule takes: what all can reach is less of a distinction",
    )  # fmt: skip
    softened: float = param(
        0.6, unit="share", bounds=(0, 1), evidence="assumed", source=cite(STEINHOFF_PALMATIER_2014, "abstract: sign"),
        doc="part of unfairness that a clear rule takes",
    )  # fmt: skip
    noticed: float = param(
        0.05, unit="baskets/visit", bounds=(1e-4, 10), evidence="assumed",
        doc="difference in treatment at which it counts half",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what is shown, what it does and what it costs, as far as firms show or explain anything."""
        shown = any(policy.visibility > 0 for policy in policies)
        show = (Phase.OPERATIONS, show_treatment)
        seen = (show, (Phase.JUDGEMENT, feel_treatment), (Phase.JUDGEMENT, add_treatment)) if shown else ()
        told = shown or any(policy.rule_clarity > 0 for policy in policies)
        paid = ((Phase.RELATION, add_treatment_cost), (Phase.BOOKS, book_treatment)) if told else ()
        return (*seen, *paid)
