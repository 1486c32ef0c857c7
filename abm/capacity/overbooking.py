"""How many bookings to accept beyond the places there are, as some who have booked do not come.

Claim: accepting x bookings too many costs C_u for each place that stays empty and C_o for each guest who is sent away.
Where the number of no-shows does not depend on x it is the newsvendor's problem with no-shows as demand: an observed
distribution, or a normal one. Where everybody who has booked stays away with the same chance no-shows are binomial,
and the more, the more are accepted.
Source: textbook (overbooking as a newsvendor); Phillips, Pricing and Revenue Optimization (payment on arrival), from
memory.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from abm.capacity.checks import FloatArray, count, number
from abm.capacity.newsvendor import best_normal_quantity, best_quantity, critical_fractile, expected_costs

_NO_MORE = 50  # bookings in a row that make nothing better before a search ends


def binomial(trials: int, chance: float) -> FloatArray:
    """Return the probabilities of 0, 1, … `trials` successes, (trials + 1,).

    trials : whole number, 0 or more      chance : of each, 0-1      Raises Refusal for others.
    """
    n, p = count("trials", trials), number("chance", chance, 0.0, 1.0)
    k = np.arange(n + 1.0)
    ways = special.gammaln(n + 1.0) - special.gammaln(k + 1.0) - special.gammaln(n - k + 1.0)
    found = np.exp(ways + special.xlogy(k, p) + special.xlog1py(n - k, -p))
    return np.asarray(found / found.sum())


def overbooking_costs(no_shows: ArrayLike, underage: float, overage: float) -> FloatArray:
    """Return the expected cost of x = 0, 1, … k - 1 bookings too many: (k,) money.

    no_shows : (k,) probabilities of 0, 1, … k - 1 no-shows, the same whatever x is
    underage : C_u of an empty place, money      overage : C_o of a guest sent away, money
    Raises Refusal for costs or probabilities that are none.
    """
    return expected_costs(no_shows, underage, overage)


def best_overbooking(no_shows: ArrayLike, underage: float, overage: float) -> int:
    """Return the smallest x with P(no-shows <= x) >= C_u / (C_u + C_o); arguments as of `overbooking_costs`."""
    return best_quantity(no_shows, underage, overage)


def best_normal_overbooking(mean: float, sd: float, underage: float, overage: float) -> float:
    """Return the critical fractile of normal no-shows, bookings, 0 at least; arguments as of `overbooking_costs`."""
    return max(0.0, best_normal_quantity(mean, sd, underage, overage))


def binomial_overbooking_cost(places: int, extra: int, no_show: float, underage: float, overage: float) -> float:
    """Return the expected cost of `extra` bookings beyond `places`, money, if all of them are taken.

    C_u E(places - shows)+ + C_o E(shows - places)+, shows ~ Binomial(places + extra, 1 - no_show).

    no_show : chance that who has booked stays away, 0 up to below 1      Raises Refusal for numbers out of range.
    """
    held, more = count("places", places), count("extra", extra)
    critical_fractile(underage, overage)  # refuses costs that are none
    chances = binomial(held + more, 1.0 - _some_show(no_show))
    gap = np.arange(chances.size) - held
    return float((underage * np.maximum(-gap, 0) + overage * np.maximum(gap, 0)) @ chances)


def best_binomial_overbooking(places: int, no_show: float, underage: float, overage: float) -> int:
    """Return the fewest bookings beyond `places` at the least expected cost; arguments as above.

    One booking more helps while its guest is likelier than C_o / (C_u + C_o) to find a place, so that the search ends.
    Raises Refusal for numbers out of range, and where a guest who is sent away costs nothing.
    """
    overage = number("overage", overage, np.nextafter(0.0, 1.0))
    return _least(lambda extra: binomial_overbooking_cost(places, extra, no_show, underage, overage))


def pay_on_show_revenue(bookings: int, places: int, no_show: float, fare: float, walked_cost: float) -> float:
    """Return the expected revenue of bookings that are paid on arrival: fare E(shows) - walked_cost E(shows - places)+.

    Who is sent away has paid, so that `walked_cost`, money, holds her fare too.      shows ~ Binomial(bookings, 1 - p)
    Raises Refusal for numbers out of range.
    """
    held = count("places", places)
    chances = binomial(count("bookings", bookings), 1.0 - _some_show(no_show))
    shows = np.arange(chances.size)
    lost = number("walked_cost", walked_cost) * np.maximum(shows - held, 0)
    return float((number("fare", fare) * shows - lost) @ chances)


def best_pay_on_show_bookings(places: int, no_show: float, fare: float, walked_cost: float) -> int:
    """Return the fewest bookings, `places` or more, with the largest `pay_on_show_revenue`.

    Raises Refusal for numbers out of range, and for a `walked_cost` that is not above the fare: no number is too many.
    """
    held = count("places", places)
    cost = number("walked_cost", walked_cost, np.nextafter(number("fare", fare), np.inf))
    return held + _least(lambda extra: -pay_on_show_revenue(held + extra, held, no_show, fare, cost))


def _some_show(no_show: float) -> float:
    return number("no_show", no_show, 0.0, np.nextafter(1.0, 0.0))


def _least(cost: Callable[[int], float]) -> int:
    """Return where a cost that falls and then rises over 0, 1, 2 … is least."""
    best, least, x = 0, cost(0), 0
    while x < best + _NO_MORE:
        x += 1
        here = cost(x)
        if here < least * (1.0 - 1e-12 * np.sign(least)):
            best, least = x, here
    return best
