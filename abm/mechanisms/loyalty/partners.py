"""Partners of a programme: points that they give, rewards claimed with them, failures of theirs.   No neighbours.

Claim: a partner's points count like the firm's own, and are paid for; a partner's failure takes trust in the firm, less
from who is treated specially.  Each member deals with every partner as often as she has occasions here.
Source: SCHUMANN_2014 (spill-over and its buffer: sign); form and sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32, in_steps, whole
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.loyalty.treatment import extra_benefit, part_noticed


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


@kernel
def expect_partners(points_elsewhere, purchase_rate, partners, partner_earn, lo, hi):
    """Write what a member would earn with partners: `partners * purchase_rate * partner_earn` points a period.

    points_elsewhere (m, n)  points/period  [written]
    """
    for j in range(points_elsewhere.shape[0]):
        for i in range(lo, hi):
            points_elsewhere[j, i] = np.float32(partners[j]) * purchase_rate[i] * partner_earn[j]


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
                members += 1 if member[j, i] > 0 else 0
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
