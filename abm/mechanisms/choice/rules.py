"""Rules of choice: the logit, and five that put something before or in place of it.   Uses no neighbours.

Claim: a choice among alternatives is random with probabilities that grow with utility; people also take the best,
return by habit, or stay as long as nothing beats the provider by more than leaving would cost. Who is content with
what is good enough stays while it is, and else takes the first firm found that is; who eliminates by aspects compares
firms on one aspect at a time and drops those that fall short of the best on it.
Source: MCFADDEN_1974 (logit); Simon 1955 (an aspiration, and search until something meets it; from memory); Tversky
1972 (elimination by aspects, drawn in proportion to their weights; from memory). That an aspect is a block of the terms
of utility, and what counts as short of the best, are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.sums import UNCONSIDERED

ASPECTS = ("quality", "price", "trust", "taste", "convenience")  # of a firm, as customers compare them one by one
_DRAW_1 = 1 << 16  # draw 1, block 0 of an address


@kernel
def draw_choices(
    visit_firm, visit_luck, chance, best_utility, reached, total, utility, visit_count, visit_customer, visit_nth,
    customer_id, outside, key, replication, lo, t,
):  # fmt: skip
    """Draw a firm for each visit from the logit probabilities, outside option first.

    An option's probability is `e^utility` over the sum of these for the outside option, whose utility is `outside`, and
    all considered firms. The uniform (draw 0, block nth, word 0) falls into the probabilities cumulated in the order
    outside, firm 0, firm 1, ….

    visit_firm (visits,)  -1 = nowhere  [written]   chance (m, visits)  0-1  [written]   visit_luck (2, visits)
    [written]
    best_utility, reached, total (visits,)  largest utility; cumulated and summed weights relative to it  [written]
    """
    m = utility.shape[0]
    for v in range(visit_count[0]):
        a, b, _, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
        visit_luck[0, v] = a
        visit_luck[1, v] = b
    count = visit_count[0]
    for v in range(count):
        best_utility[v] = outside
        visit_firm[v] = -1
    for j in range(m):
        for v in range(count):
            u = utility[j, visit_customer[v] - lo]
            chance[j, v] = u
            best_utility[v] = np.fmax(best_utility[v], u)  # `max` would become a masked store
    for v in range(count):
        reached[v] = exp32(outside - best_utility[v])
        total[v] = reached[v]
    for j in range(m):
        for v in range(count):
            open_to_her = np.float32(1.0) if chance[j, v] > UNCONSIDERED else np.float32(0.0)
            chance[j, v] = open_to_her * exp32(chance[j, v] - best_utility[v])
            total[v] += chance[j, v]
    for j in range(m):
        for v in range(count):
            visit_firm[v] = visit_firm[v] + (np.int32(1) if visit_luck[0, v] * total[v] >= reached[v] else np.int32(0))
            reached[v] += chance[j, v]
            chance[j, v] /= total[v]


@kernel
def choose_best(visit_firm, utility, visit_count, visit_customer, outside, lo):
    """Overwrite the draw with the option of highest utility; of equals with the earlier in the order of the draw.

    visit_firm (visits,)  [written]
    """
    for v in range(visit_count[0]):
        best, chosen = outside, -1
        for j in range(utility.shape[0]):
            if utility[j, visit_customer[v] - lo] > best:
                best, chosen = utility[j, visit_customer[v] - lo], j
        visit_firm[v] = chosen


@kernel
def follow_habit(visit_firm, visit_luck, utility, visit_count, visit_customer, visit_provider, habit_strength, lo):
    """Skip evaluation with the strength of the habit and return to the provider.

    With probability `habit_strength` (draw 0, block nth, word 1), if there is a provider and she considers it; else the
    logit's draw stands.

    visit_firm (visits,)  [written]
    """
    for v in range(visit_count[0]):
        j = visit_provider[v]
        if j >= 0 and visit_luck[1, v] < habit_strength and utility[j, visit_customer[v] - lo] > UNCONSIDERED:
            visit_firm[v] = j


@kernel
def mark_stayers(held, utility, utility_without_switching_cost, provider, outside, lo, hi):
    """Mark customers whose provider no other option beats; the others evaluate without the cost of leaving.

    A considered provider is beaten if the best other utility, that of the outside option included, exceeds its own,
    which holds the cost of leaving. If it is, the logit draws among all, with that term left out of the provider's
    utility.

    held (tile,)  firm to stay with, -1 = evaluate  [written]      utility (m, tile)  [written]
    """
    for i in range(lo, hi):
        r, j = i - lo, provider[i]
        held[r] = -1
        if j >= 0:
            best = outside
            for f in range(utility.shape[0]):
                best = max(best, utility[f, r]) if f != j else best
            if utility[j, r] > UNCONSIDERED and best <= utility[j, r]:
                held[r] = j
            elif utility[j, r] > UNCONSIDERED:
                utility[j, r] = utility_without_switching_cost[j, r]


@kernel
def keep_stayers(visit_firm, held, visit_count, visit_customer, lo):
    """Return marked customers' visits to their provider.  visit_firm (visits,)  [written]"""
    for v in range(visit_count[0]):
        if held[visit_customer[v] - lo] >= 0:
            visit_firm[v] = held[visit_customer[v] - lo]


@equation
def pick_running(running, luck, m):
    """Return one of k firms in the running: in their order, number min(floor(luck k), k - 1) from 0; -1 if none is.

    running : bits, of firms      luck : uniform
    """
    left, chosen = np.int64(0), np.int64(-1)
    for j in range(m):
        left += (running >> j) & 1
    place = min(np.int64(luck * np.float32(left)), left - 1)
    for j in range(m):
        if (running >> j) & 1 == 1:
            chosen = np.int64(j) if place == 0 else chosen
            place -= 1
    return chosen


@equation
def good_enough(attracted, utility, aspiration, outside):
    """Return whether a firm is good enough: it attracts with more than the aspiration, and is worth more than nowhere.

    attracted : satisfaction with the firm, or expectation before first use, 0-1      utility : logit units
    """
    return (attracted > aspiration) & (utility > outside)


@kernel
def settle_for_enough(
    visit_firm, visit_luck, utility, visit_count, visit_customer, visit_provider, satisfaction, expectation, encounters,
    aspiration, outside, lo,
):  # fmt: skip
    """Overwrite the draw: stay with a provider who is good enough, else take the first firm found that is.

    Good enough is a considered firm that attracts with more than `aspiration` (satisfaction, or expectation where
    `encounters` is 0) and whose utility exceeds `outside`. Where the provider is not, firms are looked at in random
    order and the first that is good enough is taken: `pick_running` of these, by the uniform of the habit (draw 0,
    block nth, word 1). Where none is, the logit's draw stands.

    visit_firm (visits,)  [written]
    """
    m = np.int64(utility.shape[0])
    for v in range(visit_count[0]):
        i, fine, provider = visit_customer[v], np.int64(0), np.int64(visit_provider[v])
        for j in range(m):
            attracted = satisfaction[j, i] if encounters[j, i] > 0.0 else expectation[j, i]
            enough = good_enough(attracted, utility[j, i - lo], aspiration, outside)
            fine |= (np.int64(1) << j) if enough else np.int64(0)
        if provider >= 0 and (fine >> provider) & 1 == 1:
            visit_firm[v] = provider
        elif fine != 0:
            visit_firm[v] = pick_running(fine, visit_luck[1, v], m)


@equation
def of_five(place, first, second, third, fourth, fifth):
    """Return the one at a place from 0 to 4."""
    early = first if place == 0 else (second if place == 1 else third)
    return early if place < 3 else (fourth if place == 3 else fifth)


@equation
def drawn_aspect(luck, drawn, quality_aspect, price_aspect, trust_aspect, taste_aspect, convenience_aspect):
    """Return which aspect is drawn, with a probability in proportion to its weight; -1 if none that is left has one.

    It is the first, in the order of ASPECTS, at which the cumulated weights of those not drawn yet exceed luck times
    their sum; if rounding leaves none, the last of them with a weight.

    luck : uniform      drawn : bits, of the aspects drawn before
    """
    total, chosen, reached = np.float32(0.0), -1, np.float32(0.0)
    for aspect in range(5):
        weight = of_five(aspect, quality_aspect, price_aspect, trust_aspect, taste_aspect, convenience_aspect)
        total += weight if (drawn >> aspect) & 1 == 0 else np.float32(0.0)
    for aspect in range(5):
        weight = of_five(aspect, quality_aspect, price_aspect, trust_aspect, taste_aspect, convenience_aspect)
        if (drawn >> aspect) & 1 == 0 and weight > 0.0:
            chosen = aspect if chosen < 0 or reached <= luck * total else chosen
            reached += weight
    return chosen


@equation
def still_running(running, shortfall, terms, r):
    """Return the firms in the running whose terms of an aspect are not more than the shortfall below the best of them.

    running : bits, of firms      terms (m, tile)  logit units      r : row of the customer in the tile
    """
    best = np.float32(-np.inf)
    for j in range(terms.shape[0]):
        best = max(best, terms[j, r]) if (running >> j) & 1 == 1 else best
    for j in range(terms.shape[0]):
        if (running >> j) & 1 == 1 and terms[j, r] < best - shortfall:
            running -= np.int64(1) << np.int64(j)
    return running


@kernel
def eliminate_by_aspects(
    visit_firm, visit_luck, utility, utility_of_choice, utility_of_pricing, utility_of_trust, utility_of_taste,
    utility_of_convenience, visit_count, visit_customer, visit_nth, customer_id, quality_aspect, price_aspect,
    trust_aspect, taste_aspect, convenience_aspect, shortfall, key, replication, lo, t,
):  # fmt: skip
    """Overwrite the firm of who buys at all, as the logit has drawn it, with one that elimination leaves.

    In the running are the firms considered. Aspects are drawn one after another, as `drawn_aspect` says, and of the
    firms in the running those stay that `still_running` returns, by the terms of the aspect: those of theory choice,
    pricing (the price as posted, without discounts), trust, taste, convenience. It ends when one firm is left, or no
    aspect with a weight. The uniforms of the first four draws are words 0 to 3 of draw 1, block nth; the fifth has but
    one aspect to draw. Of several firms left `pick_running` takes one, by word 1 of draw 0, block nth.

    visit_firm (visits,)  [written]
    """
    m = np.int64(utility.shape[0])
    for v in range(visit_count[0]):
        if visit_firm[v] >= 0:
            r = visit_customer[v] - lo
            a, b, c, d = uniform4(key, customer_id[visit_customer[v]], t, _DRAW_1 | visit_nth[v], replication)
            running, drawn = np.int64(0), np.int64(0)
            for j in range(m):
                running |= (np.int64(1) << j) if utility[j, r] > UNCONSIDERED else np.int64(0)
            for k in range(5):
                if running & (running - 1) != 0:  # two bits or more are set
                    luck = of_five(k, a, b, c, d, np.float32(0.0))
                    aspect = drawn_aspect(
                        luck, drawn, quality_aspect, price_aspect, trust_aspect, taste_aspect, convenience_aspect
                    )
                    if aspect == 0:
                        running = still_running(running, shortfall, utility_of_choice, r)
                    elif aspect == 1:
                        running = still_running(running, shortfall, utility_of_pricing, r)
                    elif aspect == 2:
                        running = still_running(running, shortfall, utility_of_trust, r)
                    elif aspect == 3:
                        running = still_running(running, shortfall, utility_of_taste, r)
                    elif aspect == 4:
                        running = still_running(running, shortfall, utility_of_convenience, r)
                    drawn |= (np.int64(1) << aspect) if aspect >= 0 else np.int64(0)
            visit_firm[v] = pick_running(running, visit_luck[1, v], m)
