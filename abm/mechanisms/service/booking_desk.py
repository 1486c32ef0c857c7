"""The desk of a firm that takes bookings: who gets a place, who comes, who is walked.   Visitors of one firm meet.

Kernels of the theory `bookings`, which says what they claim and from where.
"""

from __future__ import annotations

import numpy as np

from abm.core.distributions import exponential_quantile
from abm.core.functions import normal32
from abm.core.kernels import equation, kernel
from abm.core.order import sort_by
from abm.core.streams import uniform4
from abm.mechanisms.service.booking_peaks import is_peak
from abm.world.visits import DENIED, NO_SHOW, SERVED

NO_BOOKING, REFUSED, STAYED_AWAY, WALKED, SEATED = (np.uint8(code) for code in range(5))  # what came of a booking
_HIGHEST = np.int64(0x7FFFFFFF)  # bits of no smaller float32
_LOW = np.int64(32)
_LITTLEWOOD = 1  # code of the word in `protection_rule`

VISITS = 1000.0  # of an equal share, for which places are stated


@equation(double=True)
def places_of(places, equal_share_visits):
    """Return the places a period: `places * equal_share_visits / 1000`, in float64, rounded half up, as an int64."""
    return np.int64(np.floor(np.float64(places) * equal_share_visits / VISITS + 0.5))


@equation(double=True)
def part_of(places, share):
    """Return a share of places, in float64, rounded half up to whole places, as an int64."""
    return np.int64(np.floor(np.float64(share) * np.float64(places) + 0.5))


@equation
def protected_by_littlewood(mean, variance, discount):
    """Return y with P(D > y) = 1 - discount, the ratio of the fares, for D ~ N(mean, variance); 0 at least.

    mean + sqrt(variance) normal32(discount) in float32; 0 without a discount, from which nothing is to be protected.
    """
    if discount <= 0.0:
        return np.float32(0.0)
    return max(np.float32(0.0), np.float32(mean + np.sqrt(variance) * normal32(discount)))


@equation
def earliest_first(lead, identity):
    """Return a whole number that orders bookings: by falling lead time, those of equal ones by rising identity."""
    bits = np.int64(np.float32(lead).view(np.int32))
    return np.int64((_HIGHEST - bits) << _LOW) | np.int64(identity)


@kernel(per="market", double=True)
def set_places(
    places_now, protected_now, places, part_time_places, equal_share_visits, protected, protection_rule, early_discount,
    full_mean, full_variance, peak_from, peak_length, periods_per_year, t,
):  # fmt: skip
    """Set the places of each firm in the period, and how many of them it protects for the full fare.

    `places_now` is `places_of` its places, in a peak (`is_peak`) and `places_of` those for part of the year more.
    Protected are, by number, `part_of(places_now, protected)`; by littlewood `protected_by_littlewood`, of what was
    noted in the periods before, its mean and variance as float32, rounded half up; at most `places_now`.

    places_now, protected_now (m,)  places  [written]
    """
    for j in range(places.shape[0]):
        held = places_of(places[j], equal_share_visits[j])
        if is_peak(t, peak_from, peak_length, periods_per_year):
            held += places_of(part_time_places[j], equal_share_visits[j])
        places_now[j] = held
        wanted = part_of(held, protected[j])
        if protection_rule[j] == _LITTLEWOOD:
            mean, variance = np.float32(full_mean[j]), np.float32(full_variance[j])
            wanted = part_of(1, protected_by_littlewood(mean, variance, early_discount[j]))
        protected_now[j] = min(held, wanted)


@kernel(per="firm")
def take_bookings(
    visit_outcome, booking, booking_key, order, spare, book_start, book_visit, visit_customer, visit_nth, customer_id,
    leisure, places, places_now, overbooking, protected_now, leisure_lead, business_lead, leisure_no_show,
    business_no_show, key, replication, lo, hi, t,
):  # fmt: skip
    """Take the bookings of firms lo..hi that have places, in the order of their lead times, the longest first.

    A visitor whose outcome is served so far books a lead time ahead: the exponential quantile of draw 0, block nth,
    word 0, with mean `leisure_lead` or `business_lead`. Of leads that are equal as float32, whatever the kinds, the
    lower identity books first, then the lower nth. Her booking is accepted while those accepted are fewer than
    `places_now` and `part_of(places_now, overbooking)` more; of leisure customers fewer than that less `protected_now`.
    Who is accepted shows up unless word 1 is below the chance of her kind of staying away: then `booking` is seated (so
    far), else stayed away, with outcome no-show. Who is not is refused, with outcome denied. The `booking` of all
    others, and of all visits to firms without places, is 0, and their outcome is left.

    visit_outcome, booking (book,)  codes  [written]      booking_key, order, spare (book,)  [written]
    """
    for j in range(lo, hi):
        first, last, accepted = book_start[j], book_start[np.int64(j) + 1], np.int64(0)
        most = places_now[j] + part_of(places_now[j], overbooking[j])
        for k in range(first, last):
            v = book_visit[k]
            i = visit_customer[v]
            u = uniform4(key, customer_id[i], t, visit_nth[v], replication)[0]
            lead = exponential_quantile(u, leisure_lead if leisure[i] > 0 else business_lead)
            order[k], booking[v], booking_key[v] = v, NO_BOOKING, earliest_first(lead, customer_id[i])
        if places[j] > 0.0:
            sort_by(order, spare, booking_key, first, last)
            for k in range(first, last):
                v = order[k]
                i = visit_customer[v]
                if visit_outcome[v] == SERVED:
                    early = leisure[i] > 0
                    u = uniform4(key, customer_id[i], t, visit_nth[v], replication)[1]
                    stays_away = u < (leisure_no_show if early else business_no_show)
                    takes = accepted < (most - protected_now[j] if early else most)
                    accepted += 1 if takes else 0
                    booking[v] = (STAYED_AWAY if stays_away else SEATED) if takes else REFUSED
                    visit_outcome[v] = (NO_SHOW if stays_away else SERVED) if takes else DENIED


@kernel(per="firm")
def walk_guests(
    visit_outcome, booking, order, book_start, visit_customer, leisure, places, places_now, places_offered,
    empty_places, spoiled_places, lo, hi,
):  # fmt: skip
    """After that, send away guests of firms lo..hi for whom there is no place, and count what stays empty.

    Of those who show up as many are walked as they are more than `places_now`: those at the lower fare first, and of
    each fare who has booked last. Their outcome is denied. A place that stays empty is spoiled if a booking was refused
    for it: the fewer of the two.

    visit_outcome, booking (book,)  codes  [written]
    places_offered, empty_places, spoiled_places  tallies, of firms as a whole  [written]
    """
    for j in range(lo, hi):
        if places[j] > 0.0:
            first, last = book_start[j], book_start[np.int64(j) + 1]
            held, shown, refused = places_now[j], np.int64(0), np.int64(0)
            for k in range(first, last):
                shown += 1 if booking[order[k]] == SEATED else 0
                refused += 1 if booking[order[k]] == REFUSED else 0
            excess = max(np.int64(0), shown - held)
            for fare in range(2):
                for back in range(last - first if excess > 0 else 0):
                    v = order[last - 1 - back]
                    if excess > 0 and booking[v] == SEATED and (leisure[visit_customer[v]] > 0) == (fare == 0):
                        booking[v] = WALKED
                        visit_outcome[v] = DENIED
                        excess -= 1
            empty = max(np.int64(0), held - shown)
            places_offered[j] += held
            empty_places[j] += empty
            spoiled_places[j] += min(empty, refused)


@kernel(per="firm", double=True)
def note_demand(
    fare_open, full_mean, full_variance, noted, booking, book_start, book_visit, visit_customer, leisure, places,
    memory_rate, lo, hi,
):  # fmt: skip
    """After that, let firms lo..hi with places note what was asked for, in float64.

    - r is the larger of `memory_rate` and 1 / (noted + 1); `noted` then rises by 1.
    - `full_mean` moves by r d, d = bookings asked for at the full fare, refused ones among them, less it as it was;
      `full_variance` becomes (1 - r) (full_variance + r d d).
    - `fare_open` moves by r of its way to the share of bookings at the lower fare that were accepted; without any it
      stays.

    fare_open (m,)  share, full_mean, full_variance (m,)  bookings, noted (m,)  periods  [written]
    """
    for j in range(lo, hi):
        if places[j] > 0.0:
            full, asked, accepted = 0, 0, 0
            for k in range(book_start[j], book_start[np.int64(j) + 1]):
                v = book_visit[k]
                if booking[v] != NO_BOOKING:
                    early = leisure[visit_customer[v]] > 0
                    full += 0 if early else 1
                    asked += 1 if early else 0
                    accepted += 1 if early and booking[v] != REFUSED else 0
            rate = max(np.float64(memory_rate), 1.0 / (np.float64(noted[j]) + 1.0))
            gap = np.float64(full) - full_mean[j]
            full_mean[j] += rate * gap
            full_variance[j] = (1.0 - rate) * (full_variance[j] + rate * gap * gap)
            noted[j] += 1
            if asked > 0:
                fare_open[j] += rate * (np.float64(accepted) / np.float64(asked) - fare_open[j])


@kernel(per="market")
def book_places(places, places_now, equal_share_visits, place_expense, part_time_expense, place_spend):
    """Book what places cost: `place_expense * places_of`, and `part_time_expense` for each one more in `places_now`.

    place_spend  tally, in cents [written]
    """
    for j in range(places.shape[0]):
        all_year = places_of(places[j], equal_share_visits[j])
        place_spend[j] += place_expense[j] * all_year + part_time_expense[j] * (places_now[j] - all_year)
