"""Tiers: levels of a programme, reached by spend in a window, with discounts and status.   Uses no neighbours.

Claim: status is worth less the more share it; demotion hurts more than promotion helped.
Source: DREZE_NUNES_2009 (tiers), WAGNER_HENNIG_THURAU_RUDOLPH_2009 (demotion); sizes assumed or tuned.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import any_set
from abm.core.kernels import equation, kernel


@equation
def status_utility(share_at_or_above, tier, status_scarcity, status_step):
    """Return the utility of a tier's status: scarcity, and the pleasure of tiers below."""
    return status_scarcity * (1.0 - share_at_or_above) + status_step * (tier - 1.0)


@equation
def tier_reached(spend, thresholds, j):
    """Return the highest tier whose threshold (5, m) the spend of the window reaches."""
    tier = 0
    for k in range(1, thresholds.shape[0]):
        tier = k if spend >= thresholds[k, j] else tier
    return tier


@kernel
def discount_tiers(visit_discount, visit_count, visit_firm, visit_pair, tier_at, tier_discount):
    """Take the discount of the visitor's tier at the start of the period off what she will pay.

    visit_discount (visits,)  share  [written]
    """
    for v in range(visit_count[0] if any_set(tier_discount.ravel()) else 0):
        visit_discount[v] += tier_discount[tier_at[visit_pair[v]], visit_firm[v]]


@kernel
def promote_visitors(
    tier_at, qualifying_spend_at, trust_at, affective_commitment_at, member_at, visit_count, visit_firm, visit_pair,
    visit_spend, has_tiers, tier_threshold, promotion,
):  # fmt: skip
    """Add visits to what qualifies for tiers, and lift members who reach one.

    The lift is at once; trust and affective commitment grow by `promotion`, to 1 at most, once a visit however many
    tiers it passes.

    tier_at, qualifying_spend_at (pairs,)  cents, trust_at, affective_commitment_at (pairs,)  [written]
    """
    for v in range(visit_count[0] if any_set(has_tiers) else 0):
        j, pair = visit_firm[v], visit_pair[v]
        if has_tiers[j] > 0 and member_at[pair] > 0:
            qualifying_spend_at[pair] += visit_spend[v]
            reached = tier_reached(qualifying_spend_at[pair], tier_threshold, j)
            if reached > tier_at[pair]:
                tier_at[pair] = reached
                trust_at[pair] = min(np.float32(1.0), trust_at[pair] + promotion)
                affective_commitment_at[pair] = min(np.float32(1.0), affective_commitment_at[pair] + promotion)


@kernel
def close_window(
    tier, qualifying_spend, trust, affective_commitment, demoted, has_tiers, tier_threshold, tier_window, demotion, lo,
    hi, t,
):  # fmt: skip
    """At the end of a qualifying window set each tier to what the window earned.

    A window ends with a period t if `t + 1` is a multiple of `tier_window`. A lower tier costs `demotion` of trust and
    affective commitment, to 0 at least; the window's spend starts again at 0.

    tier, qualifying_spend, trust, affective_commitment (m, n)  [written]      demoted  tally [written]
    """
    for j in range(tier.shape[0]):
        if has_tiers[j] > 0 and (t + 1) % tier_window[j] == 0:
            for i in range(lo, hi):
                earned = tier_reached(qualifying_spend[j, i], tier_threshold, j)
                if earned < tier[j, i]:
                    demoted[j] += 1
                    trust[j, i] = max(np.float32(0.0), trust[j, i] - demotion)
                    affective_commitment[j, i] = max(np.float32(0.0), affective_commitment[j, i] - demotion)
                tier[j, i] = earned
                qualifying_spend[j, i] = 0
