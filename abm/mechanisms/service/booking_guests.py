"""Guests of a firm that takes bookings: what fares are worth to them, and what being walked does.   No neighbours.

Kernels of the theory `bookings`, which says what they claim and from where.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import unit, whole
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.service.booking_desk import NO_BOOKING, REFUSED, SEATED, STAYED_AWAY, WALKED
from abm.mechanisms.service.booking_peaks import is_peak

_STORY = 1 << 16  # draw 1, block 0 of an address
_LEISURE = 2 << 16  # draw 2


@equation(double=True)
def cents_of(fare, share):
    """Return a share of a fare, cu, in whole cents, rounded half up, in float64."""
    return whole(np.floor(100.0 * (fare * np.float64(share)) + 0.5))


@equation
def resented(resentment, compensation, soothing):
    """Return what a walked guest's trust loses, 0-1: `resentment / (1 + soothing * compensation)`."""
    return resentment / (1.0 + soothing * compensation)


@kernel(double=True)
def draw_leisure(leisure, customer_id, price_weight, business_share, key, replication):
    """Draw who books early at the lower fare (period 0, draw 2, block 0, word 0): the uniform is below the chance.

    The chance is q / (q + business_share), q = (1 - business_share) price_weight, in float64: a weight of 2 doubles the
    odds. With a weight of 0 and a share of 0 she does not.

    leisure (n,)  bool  [written]
    """
    for i in range(customer_id.shape[0]):
        early = (1.0 - business_share) * np.float64(price_weight[i])
        u = np.float64(uniform4(key, customer_id[i], 0, _LEISURE, replication)[0])
        leisure[i] = 1 if u * (early + business_share) < early else 0


@kernel
def foresee_fares(
    utility, price_response, price, leisure, places, early_discount, fare_open, reward_now, no_show_fee,
    leisure_no_show, business_no_show, lo, hi,
):  # fmt: skip
    """Add what the fares of firms with places are worth: the early one as far as it is to be had, reward, and fee.

    To a leisure customer it is `price_response * price * (saved - fee)`, saved = 1 - (1 - early_discount * fare_open)
    (1 - reward_now), to another one the same with nothing saved; fee = no_show_fee * chance of her kind of staying
    away. `fare_open` is what was noted in the periods before.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        if places[j] > 0.0:
            saved = 1.0 - (1.0 - early_discount[j] * fare_open[j]) * (1.0 - reward_now[j])
            early = price[j] * (saved - no_show_fee[j] * leisure_no_show)
            late = -price[j] * no_show_fee[j] * business_no_show
            for i in range(lo, hi):
                utility[j, i - lo] += price_response[i] * (early if leisure[i] > 0 else late)


@kernel
def count_bookings(
    booking, visit_count, visit_firm, bookings, refused, no_shows, walked, seated, peak_guests, peak_from, peak_length,
    periods_per_year, t,
):  # fmt: skip
    """Count bookings and what came of them: all = refused + no-shows + walked + seated; and who is seated in a peak.

    bookings, refused, no_shows, walked, seated, peak_guests  tallies [written]
    """
    peak = is_peak(t, peak_from, peak_length, periods_per_year)
    for v in range(visit_count[0]):
        j, found = visit_firm[v], booking[v]
        bookings[j] += 1 if found != NO_BOOKING else 0
        refused[j] += 1 if found == REFUSED else 0
        no_shows[j] += 1 if found == STAYED_AWAY else 0
        walked[j] += 1 if found == WALKED else 0
        seated[j] += 1 if found == SEATED else 0
        peak_guests[j] += 1 if peak and found == SEATED else 0


@kernel(double=True)
def settle_bookings(
    booking, visit_count, visit_customer, visit_firm, leisure, basket, price, early_discount, reward_now,
    no_show_fee, walk_compensation, no_show_fees, walking_cost,
):  # fmt: skip
    """Charge those who stayed away and pay those who are walked, a share of their fare, in whole cents rounded half up.

    The fare is `basket * price`, of leisure customers alone times `1 - early_discount` and times `1 - reward_now`, in
    float64; other discounts are not taken off.

    no_show_fees, walking_cost  tallies, in cents [written]
    """
    for v in range(visit_count[0]):
        i, j, found = visit_customer[v], visit_firm[v], booking[v]
        if found == STAYED_AWAY or found == WALKED:
            fare = np.float64(basket[i]) * np.float64(price[j])
            if leisure[i] > 0:
                fare = fare * (1.0 - np.float64(early_discount[j])) * (1.0 - np.float64(reward_now[j]))
            if found == STAYED_AWAY:
                no_show_fees[j] += cents_of(fare, no_show_fee[j])
            else:
                walking_cost[j] += cents_of(fare, walk_compensation[j])


@kernel
def resent_walking(
    trust_at, satisfaction_at, expectation_at, walked_by, booking, visit_count, visit_customer, visit_firm, visit_pair,
    encounters_at, walk_compensation, walk_resentment, soothing,
):  # fmt: skip
    """Lower what walked guests think of the firm, by `resented` of it, and remember who walked her.

    Trust and expectation fall for all of them, satisfaction where `encounters` is above 0. Of two walks in a period the
    later on the list is remembered.

    trust_at, satisfaction_at, expectation_at (pairs,)  0-1, walked_by (n,)  firm  [written]
    """
    for v in range(visit_count[0]):
        if booking[v] == WALKED:
            j, pair = visit_firm[v], visit_pair[v]
            kept = 1.0 - unit(resented(walk_resentment, walk_compensation[j], soothing))
            trust_at[pair] *= kept
            expectation_at[pair] *= kept
            if encounters_at[pair] > 0.0:
                satisfaction_at[pair] *= kept
            walked_by[visit_customer[v]] = j


@kernel
def tell_of_walking(story, walked_by, customer_id, outrage, negative_messages, key, replication, lo, hi, t):
    """Let who was walked tell of it, in place of what else she tells in the period, and forget who it was.

    She does with chance `outrage` (draw 1, block 0, word 0), once a period.

    story (n,)  2 (firm + 1), a bad one, walked_by (n,)  firm, -1 = none  [written]
    negative_messages  tally [written]
    """
    for i in range(lo, hi):
        j = walked_by[i]
        if j >= 0:
            walked_by[i] = -1
            if uniform4(key, customer_id[i], t, _STORY, replication)[0] < outrage:
                story[i] = 2 * (j + 1)
                negative_messages[j] += 1


@kernel
def discount_early(
    visit_discount, visit_count, visit_customer, visit_firm, leisure, places, early_discount, reward_now
):
    """Take the early discount of leisure customers, then the reward of the period, off what is left of the price.

    At firms with places: discount d of the visit becomes 1 - (1 - d)(1 - early_discount)(1 - reward_now).

    visit_discount (visits,)  share  [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if places[j] > 0.0 and leisure[visit_customer[v]] > 0:
            visit_discount[v] += early_discount[j] * (1.0 - visit_discount[v])
            visit_discount[v] += reward_now[j] * (1.0 - visit_discount[v])


@kernel
def count_fares(booking, visit_count, visit_customer, visit_firm, visit_spend, leisure, early_revenue, full_revenue):
    """Count what seated guests paid, by fare: the early one of leisure customers, the full one of others.

    early_revenue, full_revenue  tallies, in cents [written]
    """
    for v in range(visit_count[0]):
        if booking[v] == SEATED:
            early = leisure[visit_customer[v]] > 0
            early_revenue[visit_firm[v]] += visit_spend[v] if early else 0
            full_revenue[visit_firm[v]] += 0 if early else visit_spend[v]
