"""Tiers: levels of a programme, reached by spend in a window, with discounts and status.   Uses no neighbours.

Shares of members by tier are those of the period before.
Claim: members rise by what they spend, or by that and the class that the firm has put them in. Status is scarcity:
worth nothing where everybody has it, and nothing in a club that gives nothing; demotion hurts more than promotion
helped.
Source: DREZE_NUNES_2009 (a tier that more share is worth less, one with others below it more),
WAGNER_HENNIG_THURAU_RUDOLPH_2009 (demotion); that a title needs something real behind it, and sizes, are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import any_set
from abm.core.kernels import equation, kernel
from abm.mechanisms.loyalty.progress import visit_points


@equation
def standing(share_at_or_above, benefit, noticed):
    """Return the status of a tier, 0-1: its scarcity, if there is something real behind it.

    benefit : what a visit brings at that tier, in baskets; one of `noticed` counts half
    """
    return (1.0 - share_at_or_above) * benefit / (benefit + noticed)


@equation
def status_utility(standing, tier, status_scarcity, status_step):
    """Return the utility of a tier's status; tiers below it add to it."""
    return standing * (status_scarcity + status_step * (tier - 1.0))


@equation
def tier_benefit(point_value, basket, price, earn_per_visit, earn_rate, discount, bonus):
    """Return what a visit brings a member of a tier, in baskets of hers: points and the discount."""
    points = visit_points(basket, price, earn_per_visit, earn_rate, discount, bonus)
    return points * point_value / basket + price * discount


@equation
def share_at_or_above(tier_members, k, j):
    """Return the share of members (5, m) of firm j at tier k or above; 1 if there are none, whom nobody looks up to."""
    above, total = 0, 0
    for level in range(tier_members.shape[0]):
        total += tier_members[level, j]
        above += tier_members[level, j] if level >= k else 0
    return np.float32(above) / np.float32(total) if total > 0 else np.float32(1.0)


@equation
def asked(threshold, factor):
    """Return the spend that a tier takes, in whole cents: `threshold * factor`, rounded half up.  threshold: cents"""
    return np.floor(np.float64(threshold) * np.float64(factor) + 0.5)


@equation
def own_factor(tier_rule, tier_factor):
    """Return the factor on the thresholds of a customer: that of her class, if the firm's rule goes by class."""
    return tier_factor if tier_rule > 0 else np.float32(1.0)


@equation
def tier_reached(spend, thresholds, j, factor):
    """Return the highest tier whose threshold (5, m), times a factor, the spend of the window reaches."""
    tier = 0
    for k in range(1, thresholds.shape[0]):
        tier = k if np.float64(spend) >= asked(thresholds[k, j], factor) else tier
    return tier


@kernel
def rate_classes(tier_factor, customer_class, class_factor, tier_rule, lo, hi):
    """Write the factor on each customer's thresholds, that of her class as it stands, where the rule goes by class.

    It is `class_factor[customer_class]`: 0 for none, which holds 1, then A to D, 1 for a class without an entry.

    tier_factor (m, n)  ratio  [written]
    """
    for j in range(tier_factor.shape[0]):
        if tier_rule[j] > 0:
            for i in range(lo, hi):
                tier_factor[j, i] = class_factor[customer_class[j, i], j]


@kernel
def discount_tiers(visit_discount, visit_count, visit_firm, visit_pair, member_at, tier_at, tier_cut):
    """Take the discount of members, of their tier at the start of the period, off what is left of the price.

    visit_discount (visits,)  share  [written]
    """
    for v in range(visit_count[0] if any_set(tier_cut.ravel()) else 0):
        pair = visit_pair[v]
        cut = tier_cut[tier_at[pair], visit_firm[v]] if member_at[pair] > 0 else np.float32(0.0)
        visit_discount[v] += cut * (1.0 - visit_discount[v])


@kernel
def promote_visitors(
    tier_at, qualifying_spend_at, trust_at, affective_commitment_at, member_at, point_value_at, tier_members,
    tier_factor_at, visit_count, visit_customer, visit_firm, visit_pair, visit_spend, basket, price, earn_per_visit,
    earn_rate, has_tiers, tier_rule, tier_threshold, tier_cut, tier_bonus, promotion, noticed,
):  # fmt: skip
    """Add visits to what qualifies for tiers, and lift members who reach one.

    A tier takes its threshold, times `tier_factor` rounded half up to whole cents where `tier_rule` goes by class. The
    lift is at once; trust and affective commitment grow by `promotion` times the standing of the tier reached, to 1 at
    most, once a visit however many tiers it passes.

    tier_at, qualifying_spend_at (pairs,)  cents, trust_at, affective_commitment_at (pairs,)  [written]
    """
    for v in range(visit_count[0] if any_set(has_tiers) else 0):
        j, pair = visit_firm[v], visit_pair[v]
        if has_tiers[j] > 0 and member_at[pair] > 0:
            qualifying_spend_at[pair] += visit_spend[v]
            factor = own_factor(tier_rule[j], tier_factor_at[pair])
            k = tier_reached(qualifying_spend_at[pair], tier_threshold, j, factor)
            if k > tier_at[pair]:
                tier_at[pair] = k
                benefit = tier_benefit(
                    point_value_at[pair], basket[visit_customer[v]], price[j], earn_per_visit[j], earn_rate[j],
                    tier_cut[k, j], tier_bonus[k, j],
                )  # fmt: skip
                gain = promotion * standing(share_at_or_above(tier_members, k, j), benefit, noticed)
                trust_at[pair] = min(np.float32(1.0), trust_at[pair] + gain)
                affective_commitment_at[pair] = min(np.float32(1.0), affective_commitment_at[pair] + gain)


@kernel
def close_window(
    tier, qualifying_spend, trust, affective_commitment, demoted, point_value, tier_members, basket, price,
    earn_per_visit, earn_rate, has_tiers, tier_rule, tier_factor, tier_threshold, tier_cut, tier_bonus, tier_window,
    demotion, noticed, lo, hi, t,
):  # fmt: skip
    """At the end of a qualifying window set each tier to what the window earned.

    A window ends with a period t if `t + 1` is a multiple of `tier_window`. Thresholds are those by which members are
    lifted, times `tier_factor` where `tier_rule` goes by class. A lower tier costs `demotion` times the standing of the
    tier lost, of trust and affective commitment, to 0 at least; the window's spend starts again at 0.

    tier, qualifying_spend, trust, affective_commitment (m, n)  [written]      demoted  tally [written]
    """
    for j in range(tier.shape[0]):
        if has_tiers[j] > 0 and (t + 1) % tier_window[j] == 0:
            for i in range(lo, hi):
                factor = own_factor(tier_rule[j], tier_factor[j, i])
                k, earned = tier[j, i], tier_reached(qualifying_spend[j, i], tier_threshold, j, factor)
                if earned < k:
                    demoted[j] += 1
                    benefit = tier_benefit(
                        point_value[j, i], basket[i], price[j], earn_per_visit[j], earn_rate[j], tier_cut[k, j],
                        tier_bonus[k, j],
                    )  # fmt: skip
                    loss = demotion * standing(share_at_or_above(tier_members, k, j), benefit, noticed)
                    trust[j, i] = max(np.float32(0.0), trust[j, i] - loss)
                    affective_commitment[j, i] = max(np.float32(0.0), affective_commitment[j, i] - loss)
                tier[j, i] = earned
                qualifying_spend[j, i] = 0


@kernel
def value_status(
    program_utility, member, tier, tier_members, point_value, basket, price, earn_per_visit, earn_rate, has_tiers,
    tier_cut, tier_bonus, status_scarcity, status_step, noticed, lo, hi,
):  # fmt: skip
    """Add what the status of their tier is worth to members from tier 1 on.

    program_utility (m, n)  logit units  [written]
    """
    for j in range(tier.shape[0]):
        for k in range(1, tier_members.shape[0]):
            if has_tiers[j] > 0 and tier_members[k, j] > 0:
                share = share_at_or_above(tier_members, k, j)
                for i in range(lo, hi):
                    benefit = tier_benefit(
                        point_value[j, i], basket[i], price[j], earn_per_visit[j], earn_rate[j], tier_cut[k, j],
                        tier_bonus[k, j],
                    )  # fmt: skip
                    status = status_utility(
                        standing(share, benefit, noticed), np.float32(k), status_scarcity, status_step
                    )
                    program_utility[j, i] += status if tier[j, i] == k else np.float32(0.0)
