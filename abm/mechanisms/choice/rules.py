"""Rules of choice: the logit, and three that put something before or in place of it.   Uses no neighbours.

Claim: a choice among alternatives is random with probabilities that grow with utility; people also take the best,
return by habit, or stay as long as nothing beats the provider by more than leaving would cost.
Source: MCFADDEN_1974 (logit).
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32
from abm.core.kernels import kernel
from abm.core.streams import uniform4
from abm.mechanisms.sums import UNCONSIDERED


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
