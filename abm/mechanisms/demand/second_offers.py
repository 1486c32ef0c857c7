"""Offers of a second product: whom it is offered to, what she makes of it, whether she buys, and who has one.

Part of `second_product`, where what firms set is; its money is in `second_books`.
Claim: an offer is right for a customer who has none and to whom the product is worth its price, as far as she trusts
the firm; a firm knows that only as well as its data say it, and others resent to be asked.
Source: MORGAN_HUNT_1994 (what trust in a partner carries); form and sizes are assumed.
"""

from __future__ import annotations

import math

import numpy as np

from abm.core.functions import exp32, log32, logistic32, normal32
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.world.relations import ACTIVE, WON_BACK

NO_OFFER, RIGHT, WRONG, UNTIMELY = (np.uint8(code) for code in range(4))  # offers


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


@equation
def is_offered(u, chance, accuracy, guess, price, known, owner):
    """Return whether a firm offers its product, u uniform: with `chance`, and, if `accuracy` is above 0, only to known
    customers for whom the guess of its worth reaches the price and who do not have the firm's own."""
    fits = accuracy == 0.0 or (known > 0 and guess >= price and owner == 0)
    return u < chance and fits


@equation
def kind_of_offer(has, gain):
    """Return 3 (untimely) of an offer to who has one, else 2 (wrong) if buying would bring her less than 0, else 1."""
    return UNTIMELY if has else (WRONG if gain < 0.0 else RIGHT)


@kernel
def follow_up(
    second_wanted, second_letters, second_missed, second_owned_from, second_until, second_worth, trust, known,
    reachable, customer_id, second_price, follow_up_offer, targeted, contact_expense, trust_premium, mood, worth_median,
    worth_spread, second_offers, second_offers_right, second_offers_untimely, letter_spend, key, replication, lo, hi, t,
):  # fmt: skip
    """Write to known customers who left without the product in the period before, and let them think it over.

    It is offered by letter as `is_offered` says (u: draw 1, block j, word 0; chance: `follow_up_offer`; noise as on
    visits). Who is reachable reads it, and only then is it an offer, of the kind that `kind_of_offer` says; if she has
    none, she decides with probability `logistic(net_worth / mood)` (word 1) to buy on her next visit. Trust is as of
    now. What is written to who is not reachable costs as much.

    second_wanted (m, n)  bool, second_letters (m, tile)  letters  [written]
    second_offers, second_offers_right, second_offers_untimely, letter_spend  tallies [written]
    """
    for j in range(second_price.shape[0]):
        writes = t > 0 and second_price[j] > 0.0 and follow_up_offer[j] > 0.0
        for r in range(hi - lo):
            second_letters[j, r] = 0.0
        for i in range(lo, hi if writes else lo):
            if second_missed[j, i] == t - 1 and known[j, i] > 0:
                a, b, _, _ = uniform4(key, customer_id[i], t, (1 << 16) | j, replication)
                noise = normal32(uniform4(key, customer_id[i], 0, (2 << 16) | j, replication)[0])
                guess = guessed_worth(second_worth[i], noise, targeted[j], worth_median, worth_spread)
                has = t < second_until[i]
                owner = 1 if has and second_owned_from[i] == np.int32(j) else 0
                if is_offered(a, follow_up_offer[j], targeted[j], guess, second_price[j], known[j, i], owner):
                    second_letters[j, i - lo] = 1.0
                    letter_spend[j] += contact_expense[j]
                    if reachable[j, i] > 0:
                        gain = net_worth(second_worth[i], trust[j, i], second_price[j], trust_premium)
                        kind = kind_of_offer(has, gain)
                        second_offers[j] += 1
                        second_offers_right[j] += 1 if kind == RIGHT else 0
                        second_offers_untimely[j] += 1 if kind == UNTIMELY else 0
                        if not has and b < logistic32(gain / mood):
                            second_wanted[j, i] = 1


@kernel
def add_letters(approaches, second_letters, lo, hi):
    """Add letters to the contacts of the period.  approaches (m, tile)  contacts  [written]"""
    for j in range(approaches.shape[0]):
        for r in range(hi - lo):
            approaches[j, r] += second_letters[j, r]


@kernel
def offer_second(
    visit_offered, visit_second, visit_owner, visit_net, second_owned_from, second_until, second_missed_at,
    second_wanted_at, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, customer_id, second_worth,
    trust_at, known_at, second_price, pitch, targeted, asking, lasts, trust_premium, mood, worth_median, worth_spread,
    key, replication, t,
):  # fmt: skip
    """Offer the product to visitors and let them decide, visit by visit in the order of the list.

    She has one while `t < second_until`. It is offered as `is_offered` says (u: draw 0, block nth, word 0; noise:
    normal of draw 2, block j, word 0, of period 0, for life). Who has none and comes to a seller buys at once if a
    letter has made her want it, which any visit to that seller ends; else with probability `logistic(net_worth / mood)`
    (word 2) if it is offered or a uniform (word 1) is below `asking`. Who buys has it through `t + lasts - 1`; who has
    none and leaves without is noted in `second_missed`, with the period. Trust is as of now.

    visit_offered (visits,)  0 no offer, 1 right (she had none and `net_worth` was 0 or more), 2 wrong, 3 untimely (she
    had one), visit_second  0 not sold, 1 sold, visit_owner  had the firm's own before, visit_net  cents, set to 0
    (visits,)  [written]   second_owned_from, second_until (n,), second_missed_at, second_wanted_at (pairs,)  [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        has, price = t < second_until[i], second_price[j]
        visit_owner[v] = 1 if has and second_owned_from[i] == np.int32(j) else 0
        visit_offered[v], visit_second[v], visit_net[v] = NO_OFFER, 0, 0
        if price > 0.0:
            a, b, c, _ = uniform4(key, customer_id[i], t, visit_nth[v], replication)
            guess = price
            if targeted[j] > 0.0:
                noise = normal32(uniform4(key, customer_id[i], 0, (2 << 16) | j, replication)[0])
                guess = guessed_worth(second_worth[i], noise, targeted[j], worth_median, worth_spread)
            offered = is_offered(a, pitch[j], targeted[j], guess, price, known_at[pair], visit_owner[v])
            gain = net_worth(second_worth[i], trust_at[pair], price, trust_premium)
            visit_offered[v] = kind_of_offer(has, gain) if offered else NO_OFFER
            if not has:
                agrees = (offered or b < asking) and c < logistic32(gain / mood)
                if agrees or second_wanted_at[pair] > 0:
                    visit_second[v], second_owned_from[i], second_until[i] = 1, j, t + lasts
                else:
                    second_missed_at[pair] = t
            second_wanted_at[pair] = 0


@kernel
def resent_offers(satisfaction_shift, visit_count, visit_offered, visit_second, reactance):
    """Take `reactance` from the satisfaction with each visit on which it was offered wrongly or untimely, and not sold.

    satisfaction_shift (visits,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        if visit_offered[v] >= WRONG and visit_second[v] == 0:
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
