"""Offers of a second product: whom it is offered to, what she makes of it, whether she buys, and who has one.

They are the part of the theory `second_product` that is about customers; what firms set, and its books, are there.
"""

from __future__ import annotations

import math

import numpy as np

from abm.core.functions import exp32, log32, logistic32, normal32
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.world.relations import ACTIVE, WON_BACK

NO_OFFER, REFUSED, RESENTED, SOLD = (np.uint8(code) for code in range(4))  # what came of the visit


@equation
def net_worth(worth, trust, price, trust_premium):
    """Return what buying would bring her, cu: worth + trust_premium (trust - 0.5) - price."""
    return worth + trust_premium * (trust - np.float32(0.5)) - price


@equation
def guessed_worth(worth, noise, accuracy, median, spread):
    """Return what a firm takes it to be worth to her, cu: spread like worth, whose log it meets with `accuracy`.

    median * exp(accuracy * ln(worth / median) + sqrt(1 - accuracy^2) * spread * noise), noise standard normal.
    """
    missed = math.sqrt(max(np.float32(1.0) - accuracy * accuracy, np.float32(0.0)))
    return median * exp32(accuracy * log32(worth / median) + np.float32(missed) * spread * noise)


@kernel
def follow_up(
    second_wanted, approaches, second_missed, second_owned_from, second_until, second_worth, trust, known, reachable,
    customer_id, second_price, follow_up_offer, targeted, contact_expense, trust_premium, mood, worth_median,
    worth_spread, second_offers, second_offers_right, second_offers_untimely, letter_spend, key, replication, lo, hi, t,
):  # fmt: skip
    """Write to known customers who left without the product in the period before, and let them think it over.

    A firm writes with probability `follow_up_offer` (draw 1, block j, word 0), if it targets only to those whose
    `guessed_worth` reaches the price (noise as on visits) and who do not have the product from itself. Who is reachable
    reads it, which is an offer; if she has none, she decides with probability `logistic(net_worth / mood)` (word 1) to
    buy on her next visit, trust as the period begins. The offer is right if she has none and `net_worth` is 0 or more,
    and untimely if she has one, whosever it is.

    second_wanted (m, n)  bool, approaches (m, tile)  contacts, one more for each letter  [written]
    second_offers, second_offers_right, second_offers_untimely, letter_spend  tallies [written]
    """
    for j in range(second_price.shape[0]):
        for i in range(lo, hi):
            missed = t > 0 and second_missed[j, i] == t - 1 and known[j, i] > 0
            if missed and second_price[j] > 0.0 and follow_up_offer[j] > 0.0:
                a, b, _, _ = uniform4(key, customer_id[i], t, (1 << 16) | j, replication)
                has = t < second_until[i]
                chosen = a < follow_up_offer[j]
                if chosen and targeted[j] > 0.0:
                    noise = normal32(uniform4(key, customer_id[i], 0, (2 << 16) | j, replication)[0])
                    guess = guessed_worth(second_worth[i], noise, targeted[j], worth_median, worth_spread)
                    chosen = guess >= second_price[j] and not (has and second_owned_from[i] == np.int32(j))
                if chosen:
                    approaches[j, i - lo] += np.float32(1.0)
                    letter_spend[j] += contact_expense[j]
                    if reachable[j, i] > 0:
                        gain = net_worth(second_worth[i], trust[j, i], second_price[j], trust_premium)
                        second_offers[j] += 1
                        second_offers_right[j] += 1 if not has and gain >= 0.0 else 0
                        second_offers_untimely[j] += 1 if has else 0
                        if not has and b < logistic32(gain / mood):
                            second_wanted[j, i] = 1


@kernel
def offer_second(
    visit_second, visit_offered, visit_owner, visit_net, second_owned_from, second_until, second_missed_at,
    second_wanted_at, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, customer_id, second_worth,
    trust_at, known_at, second_price, pitch, targeted, asking, lasts, trust_premium, mood, worth_median, worth_spread,
    second_offers, second_offers_right, second_offers_untimely, key, replication, t,
):  # fmt: skip
    """Offer the product to visitors, visit by visit in the order of the list, and let them decide.

    She has one while `t < second_until`; `visit_owner` says whether she has one from this firm as the visit begins, and
    `visit_net` is set to 0. Where the firm sells it, it offers it with probability `pitch` (draw 0, block nth, word
    0); if it targets, only to customers known to it whose `guessed_worth` reaches the price and who do not have its own
    (noise: normal of draw 2, block j, word 0, of period 0: for life). Who has none buys

    - at once, if a letter has made her want it (a wish is used up by any visit to a firm that sells it);
    - else, when it is offered, with probability `logistic(net_worth / mood)` (word 2), trust as of now;
    - else, when it is not, with that of the product of `asking` (word 1) and the same (word 2).

    An offer to somebody who has one, or whose `net_worth` is below 0, is wrong; it is resented unless she buys, and
    none is resented that is right. Who buys has it through `t + lasts - 1`, this period included. Who has none and
    leaves without it is noted in `second_missed`, with the period.

    visit_second (visits,)  0 nothing or unasked, 1 refused, 2 resented, 3 sold, visit_offered, visit_owner (visits,)
    bool, visit_net (visits,)  cents  [written]
    second_owned_from (n,)  firm, second_until (n,)  period, second_missed_at, second_wanted_at (pairs,)  [written]
    second_offers, second_offers_right, second_offers_untimely  tallies [written]; an untimely one is to who has one
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        has = t < second_until[i]
        visit_owner[v] = 1 if has and second_owned_from[i] == np.int32(j) else 0
        visit_second[v] = NO_OFFER
        visit_offered[v] = 0
        visit_net[v] = 0
        if second_price[j] > 0.0:
            a, b, c, _ = uniform4(key, customer_id[i], t, visit_nth[v], replication)
            offered = a < pitch[j]
            if offered and targeted[j] > 0.0:
                noise = normal32(uniform4(key, customer_id[i], 0, (2 << 16) | j, replication)[0])
                guess = guessed_worth(second_worth[i], noise, targeted[j], worth_median, worth_spread)
                offered = known_at[pair] > 0 and guess >= second_price[j] and visit_owner[v] == 0
            gain = net_worth(second_worth[i], trust_at[pair], second_price[j], trust_premium)
            right = not has and gain >= 0.0
            sold = False
            if not has:
                considers = offered or b < asking
                sold = second_wanted_at[pair] > 0 or (considers and c < logistic32(gain / mood))
            if offered:
                visit_offered[v] = 1
                second_offers[j] += 1
                second_offers_right[j] += 1 if right else 0
                second_offers_untimely[j] += 1 if has else 0
                visit_second[v] = REFUSED if right else RESENTED
            if sold:
                visit_second[v] = SOLD
                second_owned_from[i] = j
                second_until[i] = t + lasts
            elif not has:
                second_missed_at[pair] = t
            second_wanted_at[pair] = 0


@kernel
def resent_offers(satisfaction_shift, visit_count, visit_second, reactance):
    """Take `reactance` from the satisfaction with each visit on which an offer was resented.

    satisfaction_shift (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        if visit_second[v] == RESENTED:
            satisfaction_shift[v] -= reactance


@kernel
def stake_second(
    at_stake, visit_count, visit_customer, visit_provider, second_owned_from, second_until, second_worth, forfeited,
    lasts, t,
):  # fmt: skip
    """Add what leaving would forfeit of a product bought from the provider: `forfeited` of the worth still to come.

    The worth still to come is `second_worth * (second_until - t) / lasts`, while `t < second_until`.

    at_stake (visits,)  cu  [written]
    """
    for v in range(visit_count[0]):
        i = visit_customer[v]
        if visit_provider[v] >= 0 and t < second_until[i] and second_owned_from[i] == np.int32(visit_provider[v]):
            left = np.float32(second_until[i] - t) / np.float32(lasts)
            at_stake[v] += forfeited * second_worth[i] * left


@kernel
def count_owners(second_owned_from, second_until, relation, second_owners, lo, hi, t):
    """Count customers with an active relation, won-back ones included, who will have the firm's product in t + 1.

    second_owners  tally [written]
    """
    for i in range(lo, hi):
        j = second_owned_from[i]
        if t + 1 < second_until[i] and (relation[j, i] == ACTIVE or relation[j, i] == WON_BACK):
            second_owners[j] += 1
