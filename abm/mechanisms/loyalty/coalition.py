"""Coalition: a firm's programme also earns points with partners in other trades.   Reads only its own customer.

Claim: partners' points bring the reward nearer without a visit here, so that a reward comes sooner and each visit earns
a smaller part of what is paid out; a partner's failure is put down to the firm in part, less so by who is treated
specially here.
Each member deals with every partner as often as she has occasions here.
Source: SCHUMANN_2014 (failures spill over, special treatment is a buffer: sign); sizes are assumed.  How much a visit
here pulls follows from what it earns of a reward (`visit_share` of progress): partners' points are no part of it.
What a point is worth to her is worked out from her visits here alone, as in any programme.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.functions import exp32, in_steps, whole
from abm.core.kernels import equation, kernel
from abm.core.sources import SCHUMANN_2014
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.loyalty.enrolment import joins
from abm.mechanisms.loyalty.progress import visit_points
from abm.mechanisms.loyalty.treatment import extra_benefit, part_noticed
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import Held, Policy
from abm.world.columns import CENT, FIXED_POINT, Tally

_HUNDREDTHS_OF_A_CENT = Held("int64", lambda cu: math.floor(10_000 * cu + 0.5), lambda held: held / 10_000.0)


@equation
def in_use(member, expiry, last_purchase, t):
    """Return whether a card is in use: she is a member, and not so long silent here that her points have lapsed."""
    return (member > 0) & ((expiry == 0) | (t - last_purchase <= expiry))


@equation(double=True)
def points_with_partners(partners, partner_earn, purchase_rate):
    """Return the points that a member earns with all partners in a period, in whole hundredths, rounded half up."""
    dealings = np.float64(partners) * np.float64(purchase_rate)
    return whole(np.floor(100.0 * dealings * np.float64(partner_earn) + 0.5))


@equation
def chance_of_failure(partners, purchase_rate, partner_failure, quality_control):
    """Return the chance that a member meets a failure of a partner in a period: 1 - e^-(failures expected)."""
    dealings = np.float32(partners) * purchase_rate
    return 1.0 - exp32(-dealings * partner_failure * (1.0 - quality_control))


@equation
def trust_after_failure(trust, failure_cost, spill_over, special):
    """Return trust in the firm after a partner's failure: `failure_cost` of it is lost, as far as it is blamed."""
    return trust * (1.0 - failure_cost * spill_over * (1.0 - special))


@kernel(double=True)
def credit_partners(
    points, member, last_purchase, purchase_rate, has_program, expiry, partners, partner_earn, point_price,
    coalition_expense, points_issued, points_outstanding, partner_points, partner_money, coalition_spend,
    lo, hi, t,
):  # fmt: skip
    """Credit members of firms in a coalition with what they earn with partners, who pay for it; book the fee.

    In phase LEARNING, so before this period's visits earn, and before who joins now is a member. Each member whose card
    is in use (`expiry` 0, or `t - last_purchase <= expiry`, by the latest purchase of the periods before) gets
    `partners * purchase_rate * partner_earn` points, in float64, in whole hundredths rounded half up. Partners pay
    `point_price` for each. The fee `coalition_expense` is booked for every member, also of a card that is not in use.

    points (m, n)  1/100 point  [written]
    points_issued, points_outstanding, partner_points  tallies, in 1/100 point [written]
    partner_money  tally, in 1/10 000 cent: points in hundredths * price in 1/100 cent [written]
    coalition_spend  tally, in 1/100 cent [written]
    """
    for j in range(points.shape[0]):
        if partners[j] > 0 and has_program[j] > 0:
            credited, members = 0, 0
            for i in range(lo, hi):
                earned = points_with_partners(partners[j], partner_earn[j], purchase_rate[i])
                earned = earned if in_use(member[j, i], expiry[j], last_purchase[j, i], t) else 0
                points[j, i] += earned
                credited += earned
                members += member[j, i]
            points_issued[j] += credited
            points_outstanding[j] += credited
            partner_points[j] += credited
            partner_money[j] += credited * point_price[j]
            coalition_spend[j] += members * coalition_expense[j]


@kernel
def claim_with_partners(
    points, given, member, last_purchase, customer_id, has_program, expiry, partners, partner_redemption, goal_points,
    reward_expense, points_outstanding, points_redeemed, rewards_redeemed, rewards_cost, key, replication, lo, hi, t,
):  # fmt: skip
    """Let members claim rewards with a partner, without a visit here.   After `credit_partners`.

    Who has a card in use and `goal` points or more claims with probability `partner_redemption` (draw 1, block j, word
    0) as many rewards as the balance holds; it falls by `goal` for each, and `given` is 0 then. The firm pays
    `reward_expense` for each, as for one that is claimed here.

    points, given (m, n)  1/100 point  [written]
    points_outstanding, points_redeemed, rewards_redeemed, rewards_cost  tallies [written]
    """
    for j in range(points.shape[0]):
        if partners[j] > 0 and has_program[j] > 0 and partner_redemption[j] > 0.0:
            for i in range(lo, hi):
                due = points[j, i] // goal_points[j]
                due = due if in_use(member[j, i], expiry[j], last_purchase[j, i], t) else 0
                luck = uniform4(key, customer_id[i], t, (1 << 16) | j, replication)[0] if due > 0 else np.float32(1.0)
                if luck < partner_redemption[j]:
                    points[j, i] -= due * goal_points[j]
                    given[j, i] = 0
                    points_outstanding[j] -= due * goal_points[j]
                    points_redeemed[j] += due * goal_points[j]
                    rewards_redeemed[j] += due
                    rewards_cost[j] += due * reward_expense[j]


@kernel
def meet_failures(
    trust, member, last_purchase, purchase_rate, customer_id, tier, point_value, basket, price, has_program,
    earn_per_visit, earn_rate, expiry, tier_discount, tier_bonus, partners, quality_control, partner_failure,
    failure_cost, spill_over, noticed, coalition_members, partner_failures, spilled_trust, key,
    replication, lo, hi, t,
):  # fmt: skip
    """Let members meet partners' failures, and trust the firm less.   After trust has learnt from this period's visits.

    Who has a card in use meets one with probability 1 - e^-(partners * purchase_rate * partner_failure * (1 -
    quality_control)) (draw 0, block j, word 0), at most one a period. Trust in the firm falls by the share
    `failure_cost * spill_over * (1 - special)`; special is `extra / (extra + noticed)`, with what her tier brings
    beyond the base tier as `extra_benefit`.

    trust (m, n)  0-1  [written]      coalition_members, partner_failures, spilled_trust  tallies [written]
    """
    for j in range(trust.shape[0]):
        if partners[j] > 0 and has_program[j] > 0:
            for i in range(lo, hi):
                if in_use(member[j, i], expiry[j], last_purchase[j, i], t):
                    coalition_members[j] += 1
                    chance = chance_of_failure(partners[j], purchase_rate[i], partner_failure, quality_control[j])
                    if uniform4(key, customer_id[i], t, j, replication)[0] < chance:
                        k = tier[j, i]
                        extra = extra_benefit(
                            point_value[j, i], basket[i], price[j], earn_per_visit[j], earn_rate[j],
                            tier_discount[k, j], tier_bonus[k, j],
                        )  # fmt: skip
                        after = trust_after_failure(trust[j, i], failure_cost, spill_over, part_noticed(extra, noticed))
                        partner_failures[j] += 1
                        spilled_trust[j] += in_steps(trust[j, i] - after)
                        trust[j, i] = after


@kernel
def join_for_partners(
    member_at, points_at, given_at, visit_count, visit_customer, visit_firm, visit_pair, purchase_rate, preference_at,
    point_value_at, basket, hassle_factor, price, has_program, hassle, earn_rate, earn_per_visit, endowment, partners,
    partner_earn, periods_per_year, enrolled, points_issued, points_outstanding,
):  # fmt: skip
    """Enrol visitors whom the firm's own points were not worth the bother, if those of partners make it worth it.

    After `enrol_visitors`. One joins if `periods_per_year * (visits * visit_points + partners *
    purchase_rate * partner_earn) * point_value + gift` exceeds `hassle * hassle_factor`: visits are `purchase_rate *
    preference` a period, the gift is the endowment's worth, and `point_value` is that of the end of the period before
    (0 in the first). She begins with `endowment` points, and earns with partners from the next period on.

    member_at (pairs,), points_at, given_at (pairs,)  1/100 point  [written]
    enrolled, points_issued, points_outstanding  tallies [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        if member_at[pair] == 0 and has_program[j] > 0 and partners[j] > 0:
            i, none = visit_customer[v], np.float32(0.0)
            points = visit_points(basket[i], price[j], earn_per_visit[j], earn_rate[j], none, none)
            dealt = np.float32(partners[j]) * purchase_rate[i] * partner_earn[j]
            worth = (purchase_rate[i] * preference_at[pair] * points + dealt) * point_value_at[pair]
            gift = 0.01 * np.float32(endowment[j]) * point_value_at[pair]
            if joins(np.float32(1.0), periods_per_year, worth, gift, hassle[j], hassle_factor[i]):
                member_at[pair] = 1
                points_at[pair] += endowment[j]
                given_at[pair] = endowment[j]
                enrolled[j] += 1
                points_issued[j] += endowment[j]
                points_outstanding[j] += endowment[j]


@kpi(unit="share", nan="no points were issued")
def partner_point_share(c: Tallied) -> FloatArray:
    """Points earned with partners / points issued."""
    return c.partner_points / c.points_issued


@kpi(unit="1/member/period", better="less", nan="nobody had a card in use")
def partner_failure_rate(c: Tallied) -> FloatArray:
    """Failures of partners that members met / members with a card in use."""
    return c.partner_failures / c.coalition_members


@kpi(unit="0-1", better="less", nan="no member met a failure of a partner")
def spill_over_loss(c: Tallied) -> FloatArray:
    """Trust in the firm that was lost with failures of partners / these failures."""
    return c.spilled_trust / c.partner_failures


@kpi(unit="cu/customer/year", better="more")
def partner_net_income(c: Tallied) -> FloatArray:
    """What partners pay for points less the cost of the coalition, per customer of the market and year."""
    return (c.partner_money - c.coalition_spend) / c.population * c.year


class CoalitionPolicy(Policy):
    """With whom a firm shares its programme, and on what terms."""

    name: ClassVar = "coalition"
    given: ClassVar = {
        "partner_price": "what partners pay for a point is a going price",
        "coalition_fee": "what running a coalition costs is a going price",
        "control_cost": "what its inputs cost is given to a firm",
    }
    free: ClassVar = {
        "partner_redemption": "where a reward may be claimed is a rule; each that is claimed is paid for",
    }
    partners: int = param(0, unit="partners", bounds=(0, 20), evidence="assumed", doc="how many; 0 = no coalition")
    partner_earn: float = param(
        0.4, unit="points/dealing", bounds=(0, 100), evidence="assumed",
        doc="points that a member earns when she deals with a partner",
    )  # fmt: skip
    partner_price: float = param(
        0.8, unit="ratio", bounds=(0, 1), evidence="assumed",
        doc="what partners pay per cu that points stand for (reward / goal); not all of them are ever redeemed",
    )  # fmt: skip
    partner_redemption: float = param(
        0.0, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="chance that what is due is claimed with a partner, without a visit here",
    )  # fmt: skip
    coalition_fee: float = param(
        0.005, unit="cu/member/partner/period", bounds=(0, 1e3), evidence="assumed", doc="cost of running the coalition"
    )
    quality_control: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="part of partners' failures that control prevents"
    )
    control_cost: float = param(
        0.01, unit="cu/member/partner/period", bounds=(0, 1e3), evidence="assumed",
        doc="scale of -ln(1 - quality_control)",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what partners pay for a point, and what the coalition costs a member and period, in 1/100 cent."""
        each = self.coalition_fee - self.control_cost * math.log1p(-self.quality_control)
        face = 0.0 if firm.program is None else firm.program.reward / firm.program.goal
        return {
            "point_price": (_HUNDREDTHS_OF_A_CENT, self.partner_price * face),
            "coalition_expense": (_HUNDREDTHS_OF_A_CENT, self.partners * each),
        }


class Coalition(Mechanism):
    """Programmes that are shared with partners in other trades."""

    name = "coalition"
    policy = CoalitionPolicy
    writes = (
        "points", "given", "member", "trust", "enrolled", "points_issued", "points_outstanding", "points_redeemed",
        "rewards_redeemed", "rewards_cost",
    )  # fmt: skip
    counts = (
        Tally("partner_points", "points", "points earned with partners", CENT),
        Tally("partner_money", "cu", "paid by partners for points", CENT / 10_000, account="revenue"),
        Tally("coalition_spend", "cu", "cost of the coalition and of its quality control", CENT / 100, account="lever"),
        Tally("coalition_members", "customers", "members with a card in use"),
        Tally("partner_failures", "customers", "of these, who met a failure of a partner"),
        Tally("spilled_trust", "0-1", "trust in the firm lost with these failures", 1 / FIXED_POINT),
    )
    kpis = (partner_point_share, partner_failure_rate, spill_over_loss, partner_net_income)
    partner_failure: float = param(
        0.05, unit="1/dealing", bounds=(0, 1), evidence="assumed",
        doc="dealings with a partner on which something goes wrong, without quality control",
    )  # fmt: skip
    failure_cost: float = param(
        0.2, unit="share", bounds=(0, 1), evidence="assumed",
        doc="part of trust that is lost with a failure for which the firm is blamed in full",
    )  # fmt: skip
    spill_over: float = param(
        0.3, unit="share", bounds=(0, 1), evidence="assumed", source=cite(SCHUMANN_2014, "abstract: sign"),
        doc="part of a partner's failure for which the firm is blamed by who is not treated specially",
    )  # fmt: skip
    noticed: float = param(
        0.05, unit="baskets/visit", bounds=(1e-4, 10), evidence="assumed",
        doc="benefit of a tier beyond the base tier at which treatment is half special",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return partners' points, claims and failures, and who joins for them, if any firm has partners."""
        partnered = [policy for policy in policies if policy.partners > 0]
        if not partnered:
            return ()
        elsewhere = any(policy.partner_redemption > 0 for policy in partnered)
        claimed = ((Phase.LEARNING, claim_with_partners),) if elsewhere else ()
        failed = ((Phase.LEARNING, meet_failures),) if self.partner_failure > 0 else ()
        return ((Phase.LEARNING, credit_partners), *claimed, *failed, (Phase.LOYALTY, join_for_partners))

    def fits(self, market: Any) -> None:
        """Refuse partners of a programme that there is not."""
        for firm in market.firms:
            if firm.policy(CoalitionPolicy).partners > 0 and firm.program is None:
                raise Refusal(
                    f"firm {firm.name!r} sets coalition.partners = {firm.policy(CoalitionPolicy).partners}, but has no "
                    f'programme to share; set firms.{firm.name}.program = {{ preset = "points" }}, or partners = 0'
                )
