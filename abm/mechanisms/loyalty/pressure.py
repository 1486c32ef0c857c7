"""Points pressure: the pull of a tier that can still be reached before the window closes.   Uses no neighbours.

Shares of members by tier are those of the period before.
Claim: before a qualifying window closes, members who lack little for a tier buy more, also to keep the one they have;
who is far from it, or gets there in any case, does not.  The pull is what the tier is worth in the coming window times
what a visit adds to the chance of getting there, so that a tier that is worth nothing exerts none.
Source: TAYLOR_NESLIN_2005 (points pressure, from memory: sign); the chance, the form and all sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32
from abm.core.kernels import equation, kernel
from abm.mechanisms.loyalty.progress import hastened
from abm.mechanisms.loyalty.tiers import (
    asked,
    own_factor,
    share_at_or_above,
    standing,
    status_utility,
    tier_benefit,
)
from abm.mechanisms.policy import NEVER

_LEAST_SPEND = np.float32(0.01)  # cu: money is in whole cents


@equation
def chance_reached(missing, usual):
    """Return the chance that spend that is exponential around `usual` reaches what is missing.  both: cu"""
    return exp32(-max(missing, np.float32(0.0)) / max(usual, _LEAST_SPEND))


@equation
def chance_added(missing, paid, usual):
    """Return what a visit on which `paid` is spent adds to the chance of spending what is missing.  all: cu"""
    return chance_reached(missing - paid, usual) - chance_reached(missing, usual)


@equation
def title(tier, share, benefit, status_scarcity, status_step, noticed):
    """Return the utility of the status of a tier, 0 for the base tier.  share: of members at it or above"""
    worth = status_utility(standing(share, benefit, noticed), np.float32(tier), status_scarcity, status_step)
    return worth if tier > 0 else np.float32(0.0)


@kernel
def feel_pressure(
    program_utility, haste, member, tier, qualifying_spend, point_value, tier_members, purchase_rate, preference,
    price_response, basket, price, earn_per_visit, earn_rate, has_tiers, tier_rule, tier_factor, tier_threshold,
    tier_cut, tier_bonus, tier_window, pressure, acceleration, status_scarcity, status_step, noticed, lo, hi, t,
):  # fmt: skip
    """Add the pull of the tier next above the one that the window's spend has reached so far, and what it hastens.

    `reached` is the tier of the window's spend, `aim` the one above, if there is one, by the thresholds of
    `promote_visitors`. Until the window closes there are `left = tier_window - (t + 1) % tier_window` periods, in which
    a member usually spends `usual = visits * left * paid`, .01 cu at least, with `visits = purchase_rate * preference`
    and `paid = basket * price * (1 - tier_cut)` of her present tier. What she lacks, `missing`, is there by then with
    `e^(-missing / usual)`, after a visit with `e^(-max(0, missing - paid) / usual)`; `added` is the difference. A visit
    of the coming window, of `visits * tier_window`, is worth more at `aim` by `better`, the difference of
    `tier_benefit` in baskets, and by `name`, that of the utility of status, both 0 at least. The pull is `pressure *
    added * visits * tier_window * (price_response * better + name)`; the share of need hastened is that of progress
    `added` to a reward of `pressure * visits * tier_window * better` baskets, if no other goal of hers hastens more.

    program_utility (m, n)  logit units  [written]      haste (tile,)  ratio  [written]
    """
    for j in range(tier.shape[0]):
        if has_tiers[j] > 0:
            left = np.float32(tier_window[j] - (t + 1) % tier_window[j])
            for k in range(tier_threshold.shape[0] - 1):  # `reached`; `aim` is k + 1
                at_this, at_next = share_at_or_above(tier_members, k, j), share_at_or_above(tier_members, k + 1, j)
                for i in range(lo, hi if tier_threshold[k + 1, j] < NEVER else lo):
                    factor = own_factor(tier_rule[j], tier_factor[j, i])
                    missing = asked(tier_threshold[k + 1, j], factor) - np.float64(qualifying_spend[j, i])  # cents
                    there = (k == 0) | (np.float64(qualifying_spend[j, i]) >= asked(tier_threshold[k, j], factor))
                    visits = purchase_rate[i] * preference[j, i]
                    paid = basket[i] * price[j] * (1.0 - tier_cut[tier[j, i], j])
                    added = chance_added(0.01 * np.float32(missing), paid, visits * left * paid)
                    had = tier_benefit(
                        point_value[j, i], basket[i], price[j], earn_per_visit[j], earn_rate[j], tier_cut[k, j],
                        tier_bonus[k, j],
                    )  # fmt: skip
                    won = tier_benefit(
                        point_value[j, i], basket[i], price[j], earn_per_visit[j], earn_rate[j], tier_cut[k + 1, j],
                        tier_bonus[k + 1, j],
                    )  # fmt: skip
                    name = title(k + 1, at_next, won, status_scarcity, status_step, noticed)
                    name -= title(k, at_this, had, status_scarcity, status_step, noticed)
                    coming = pressure * visits * np.float32(tier_window[j])
                    better = max(won - had, np.float32(0.0))
                    pulled = added * coming * (price_response[i] * better + max(name, np.float32(0.0)))
                    hurried = max(haste[i - lo], hastened(added, coming * better, acceleration))
                    felt = (member[j, i] > 0) & there & (missing > 0.0)
                    program_utility[j, i] = program_utility[j, i] + pulled if felt else program_utility[j, i]
                    haste[i - lo] = hurried if felt else haste[i - lo]
