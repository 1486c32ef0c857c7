"""Kernels of the types of loyalty: what ties a visitor to each firm, and what each customer's year comes to.

The terms of some visitors are worked on together, firm by firm and block by block, so that exponentials fill vectors.
Claim and sources: on the page of the theory, loyalty_types.py.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32
from abm.core.kernels import equation, kernel
from abm.world.calendar import year_closes

LOYALTIES = ("none", "monopoly", "inertia", "latent", "convenience", "price", "incentivised", "premium")
NONE, MONOPOLY, INERTIA, LATENT, CONVENIENCE, PRICE, INCENTIVISED, PREMIUM = (
    np.uint8(code) for code in range(len(LOYALTIES))
)
BLOCKS = 5  # of terms, in this order: inertia, convenience, price, incentivised, premium
STEPS = 1024  # in which attitudes are ranked
_RANKED = np.float32(STEPS)
_TOGETHER = 128  # visits at most that are looked at together


@equation
def choose_among_firms(chances, weights, extremes, block, visits):
    """Turn the terms of a block into P'_f = P_f e^(-term_f) / Σ_j P_j e^(-term_j), 0 where a firm is not considered.

    chances (blocks, m, visits)  terms in logit units before, probabilities after  [written]
    weights (m, visits)  probabilities of the choice, one of them above 0      extremes (3, visits)  [written]
    """
    least, most, total = extremes[0], extremes[1], extremes[2]
    for v in range(visits):
        least[v], most[v], total[v] = np.float32(np.inf), np.float32(-np.inf), 0.0
    for j in range(weights.shape[0]):
        for v in range(visits):
            term, considered = chances[block, j, v], weights[j, v] > 0.0
            least[v] = min(least[v], term if considered else np.float32(np.inf))
            most[v] = max(most[v], term if considered else np.float32(-np.inf))
    for j in range(weights.shape[0]):
        for v in range(visits):
            # A term that is the same for all firms changes nothing.
            differs = (weights[j, v] > 0.0) & (most[v] > least[v])
            factor = exp32(least[v] - chances[block, j, v])
            chances[block, j, v] = weights[j, v] * (factor if differs else np.float32(1.0))
            total[v] += chances[block, j, v]
    for j in range(weights.shape[0]):
        for v in range(visits):
            chances[block, j, v] /= total[v] if total[v] > 0.0 else np.float32(1.0)


@equation
def named_block(block):
    """Return the type of loyalty that a block names."""
    return INERTIA if block == 0 else np.uint8(block + 3)


@equation
def attitude(satisfaction, commitment):
    """Return the attitude to a firm that has been used, 0-1: the mean of satisfaction and affective commitment."""
    return 0.5 * (satisfaction + commitment)


@equation
def attitude_step(attitude):
    """Return the step of an attitude, 0 to 1023."""
    return min(np.int64(np.int32(attitude * _RANKED)), np.int64(STEPS - 1))


@equation
def lowest_top_step(attitude_count, top):
    """Return the lowest step such that a share of at most `top` of all is there or above; 1024 if there is none."""
    total = 0
    for k in range(attitude_count.shape[0]):
        total += attitude_count[k]
    above, step = 0, np.int64(attitude_count.shape[0])
    while step > 0 and np.float32(above + attitude_count[step - 1]) <= top * np.float32(total):
        step -= 1
        above += attitude_count[step]
    return step


@kernel
def keep_providers(provider_then, provider, lo, hi):
    """Keep the provider as choices begin.  provider_then (tile,)  firm  [written]"""
    for i in range(lo, hi):
        provider_then[i - lo] = provider[i]


@equation
def strongest_tie(terms, weights, f, v, known, among, back, habit, least_drop):
    """Return what ties the visitor v to a firm: the block whose removal lowers its probability most.

    known : firms considered      among : sum of their probabilities      back : habit, where the firm is the provider
    """
    tie = NONE
    if weights[f, v] > 0.0 and known == 1:
        tie = MONOPOLY
    elif weights[f, v] > 0.0:
        free = np.float32(1.0) - habit
        usual, most = weights[f, v] / among, np.float32(0.0)
        for block in range(BLOCKS):
            left = terms[block, f, v]
            fall = free * (usual - left) if block > 0 else back + free * usual - left
            larger = (fall > most) & (fall >= least_drop)
            most = fall if larger else most
            tie = named_block(block) if larger else tie
    return tie


@kernel
def find_ties(
    loyalty_tie, terms, weights, extremes, provider_then, visit_count, visit_customer, preference,
    utility_of_switching_cost, utility_of_convenience, utility_of_pricing, utility_of_rewards,
    utility_of_customer_classes, utility_of_choice, utility_of_trust, utility_of_taste, habit_strength, least_drop, lo,
):  # fmt: skip
    """Write, for each visitor and firm, what ties her to it: the block whose removal lowers its probability most.

    With `habit_strength` h the probability of a provider whom she considers is h + (1 - h) P, and that of another firm
    (1 - h) P; who has no such provider has no habit. Habit is removed with the cost of leaving. Of equal falls the
    first in the order inertia, convenience, price, incentivised, premium counts. A fall of less than `least_drop` is
    none. Where one firm alone is considered it is a monopoly.

    loyalty_tie (m, n)  code  [written]      terms (5, m, some)  logit units, then probabilities without them  [written]
    weights (m, some), extremes (3, some)  of some visits at a time  [written]
    """
    m = preference.shape[0]
    together = min(np.int64(_TOGETHER), np.int64(weights.shape[1]))
    for first in range(0, visit_count[0], together):
        visits = min(together, visit_count[0] - first)
        for j in range(m):
            for v in range(visits):
                i = visit_customer[first + v]
                r = i - lo
                weights[j, v] = preference[j, i]
                terms[0, j, v] = utility_of_switching_cost[j, r]
                terms[1, j, v] = utility_of_convenience[j, r]
                terms[2, j, v] = utility_of_pricing[j, r]
                terms[3, j, v] = utility_of_rewards[j, r] + utility_of_customer_classes[j, r]
                terms[4, j, v] = utility_of_choice[j, r] + utility_of_trust[j, r] + utility_of_taste[j, r]
        for block in range(BLOCKS):
            choose_among_firms(terms, weights, extremes, block, visits)
        for v in range(visits):
            i = visit_customer[first + v]
            known, among = 0, np.float32(0.0)
            for j in range(m):
                known += 1 if weights[j, v] > 0.0 else 0
                among += weights[j, v]
            provider = provider_then[i - lo]
            habit = habit_strength if provider >= 0 and weights[provider, v] > 0.0 else np.float32(0.0)
            for f in range(m):
                back = habit if provider == np.int64(f) else np.float32(0.0)
                loyalty_tie[f, i] = strongest_tie(terms, weights, f, v, known, among, back, habit, least_drop)


@kernel(per="market")
def rank_attitudes(
    attitude_count, encounters, satisfaction, affective_commitment, exited, periods_per_year, burn_in, periods, t
):  # fmt: skip
    """When the books close, count the relations with firms that have been used, by the step of the attitude.

    Relations of who has left the category do not count.

    attitude_count (1024,)  relations  [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        for k in range(attitude_count.shape[0]):
            attitude_count[k] = 0
        for j in range(encounters.shape[0]):
            for i in range(encounters.shape[1]):
                if encounters[j, i] > 0.0 and exited[i] < 0:
                    felt = attitude(satisfaction[j, i], affective_commitment[j, i])
                    attitude_count[attitude_step(felt)] += 1


@kernel
def name_loyalties(
    loyalty_type, loyalty_tie, attitude_count, encounters, satisfaction, affective_commitment, exited, provider,
    year_purchases, typed, monopoly_loyal, inertia_loyal, latent_loyal, convenience_loyal, price_loyal,
    incentivised_loyal, premium_loyal, main_from, top_attitude, periods_per_year, burn_in, periods, lo, hi, t,
):  # fmt: skip
    """When the books close, name each customer's loyalty.

    Her main firm is where she made most of the year's visits, and at least `main_from` of them; of equals the provider,
    then the first. It has her by what tied her to it on her latest visit. Who has no main firm is latently loyal to the
    firm that she has the best attitude to, of equals the first, if that is among the highest `top_attitude` of all; who
    has left the category is not, nor are her attitudes counted among all.

    loyalty_type (n,)  code  [written]      typed and what follows: tallies [written]
    """
    if year_closes(t + 1, periods_per_year, burn_in, periods):
        m, step = year_purchases.shape[0], lowest_top_step(attitude_count, top_attitude)
        for i in range(lo, hi):
            total, most, main = np.int64(0), np.int64(0), np.int64(-1)
            warmest, closest = np.float32(-1.0), np.int64(-1)
            for j in range(m):
                bought = np.int64(year_purchases[j, i])
                total += bought
                if bought > most or (bought == most and bought > 0 and provider[i] == np.int64(j)):
                    most, main = bought, np.int64(j)
                felt = attitude(satisfaction[j, i], affective_commitment[j, i])
                if encounters[j, i] > 0.0 and felt > warmest:
                    warmest, closest = felt, np.int64(j)
            kind, firm = NONE, np.int64(m)
            if most > 0 and np.float32(most) >= main_from * np.float32(total):
                kind, firm = loyalty_tie[main, i], main
            elif closest >= 0 and exited[i] < 0 and attitude_step(warmest) >= step:
                kind, firm = LATENT, closest
            loyalty_type[i] = kind
            typed[firm] += 1
            monopoly_loyal[firm] += 1 if kind == MONOPOLY else 0
            inertia_loyal[firm] += 1 if kind == INERTIA else 0
            latent_loyal[firm] += 1 if kind == LATENT else 0
            convenience_loyal[firm] += 1 if kind == CONVENIENCE else 0
            price_loyal[firm] += 1 if kind == PRICE else 0
            incentivised_loyal[firm] += 1 if kind == INCENTIVISED else 0
            premium_loyal[firm] += 1 if kind == PREMIUM else 0
