"""How many places to keep for those who pay more and book later: protection levels and booking limits.

Claim: where the lower fare books first, a place is sold to it as long as the chance of selling the place later at a
higher fare, times that fare, is less. With two fares that is Littlewood's rule, P(D_1 > y) = r_2 / r_1. With more,
EMSR-a adds up what each higher fare would be protected from the next one alone, and EMSR-b takes the higher fares as
one: their demand added, N(Σ μ, Σ σ²), at their mean fare weighted by demand.
Source: Littlewood 1972 and Belobaba 1989, 1992 (from memory); Talluri & van Ryzin 2004 (an example whose inputs are
known from public code).

Fares stand from the highest to the lowest. protection[k] is the places kept for the fares 0 … k from all lower ones, so
that there is one fewer than fares. Demands of the fares are normal and do not depend on each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from abm.capacity.checks import FloatArray, number, numbers
from abm.core.errors import CONTINUES, Refusal


def littlewood(mean: float, sd: float, fare: float, lower_fare: float) -> float:
    """Return the places to protect for a fare from a lower one: y with P(D > y) = lower_fare / fare.

    mean, sd : of the demand D for the higher fare, places      fare, lower_fare : money
    Raises Refusal for fares that do not fall, or an sd below 0.
    """
    return float(emsr_b([fare, lower_fare], [mean, 0.0], [sd, 0.0])[0])


def emsr_a(fares: ArrayLike, means: ArrayLike, sds: ArrayLike) -> FloatArray:
    """Return the protection levels (k - 1,) by EMSR-a: Σ_{i <= j} of Littlewood's for fare i from fare j + 1.

    fares (k,) money, falling      means, sds (k,) of demand, places      Raises Refusal for others.
    """
    fare, mean, sd = _classes(fares, means, sds)
    protected = [sum(_protected(mean[i], sd[i], fare[j] / fare[i]) for i in range(j)) for j in range(1, fare.size)]
    return np.array(protected, np.float64)


def emsr_b(fares: ArrayLike, means: ArrayLike, sds: ArrayLike) -> FloatArray:
    """Return the protection levels (k - 1,) by EMSR-b: Littlewood's for the higher fares taken as one.

    fares (k,) money, falling      means, sds (k,) of demand, places      Raises Refusal for others.
    """
    fare, mean, sd = _classes(fares, means, sds)
    protected = []
    for j in range(1, fare.size):
        total = mean[:j].sum()
        together = fare[:j] @ mean[:j] / total if total > 0.0 else fare[:j].mean()
        protected.append(_protected(total, float(np.sqrt((sd[:j] ** 2).sum())), fare[j] / together))
    return np.array(protected, np.float64)


def booking_limits(protection: ArrayLike, capacity: float) -> FloatArray:
    """Return how many places may be sold to each fare and all lower ones together, (k,): capacity less protection.

    protection : (k - 1,) places, not falling      capacity : places; a level beyond it leaves 0 to the lower fares
    Raises Refusal for levels that fall, or numbers below 0.
    """
    places = number("capacity", capacity)
    return np.append(places, np.maximum(places - _levels(protection), 0.0))


def simulated_revenue(demand: ArrayLike, fares: ArrayLike, protection: ArrayLike, capacity: float) -> FloatArray:
    """Return the revenue of each sample of demands if fares book from the lowest to the highest: (samples,) money.

    A fare gets what it asks for, up to its booking limit less what has been sold.

    demand : (samples, k) places asked for at each fare, as drawn by the caller      others as in `booking_limits`
    Raises Refusal for shapes that do not fit together.
    """
    fare, asked = numbers("fares", fares), numbers("demand", demand)
    limit = booking_limits(protection, capacity)
    if asked.ndim != 2 or fare.shape != limit.shape or asked.shape[1] != fare.size:
        shapes = f"has shape {asked.shape}, fares {fare.shape}, protection {(limit.size - 1,)}"
        raise Refusal(f"{shapes}; (samples, k), (k,) and (k - 1,) belong together", place="demand")
    sold, earned = np.zeros(len(asked)), np.zeros(len(asked))
    for j in reversed(range(fare.size)):
        taken = np.minimum(asked[:, j], np.maximum(limit[j] - sold, 0.0))
        sold += taken
        earned += fare[j] * taken
    return earned


def _protected(mean: float, sd: float, ratio: float) -> float:
    """Return y with P(D > y) = ratio for D ~ N(mean, sd²), 0 at least; at a ratio of 0 everything is protected."""
    if ratio <= 0.0:
        return float(np.inf)
    if ratio >= 1.0:
        return 0.0
    return max(0.0, float(mean + sd * special.ndtri(1.0 - ratio)))


def _classes(fares: ArrayLike, means: ArrayLike, sds: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    fare, mean, sd = numbers("fares", fares), numbers("means", means), numbers("sds", sds)
    if fare.ndim != 1 or fare.size < 2 or not fare.shape == mean.shape == sd.shape:
        shapes = f"has shape {fare.shape}, means {mean.shape}, sds {sd.shape}"
        raise Refusal(f"{shapes}; give each of two or more fares a mean and an sd", place="fares")
    rising = np.flatnonzero(np.diff(fare) > 0.0)
    if rising.size:
        k = int(rising[0]) + 1
        raise Refusal(
            f"{CONTINUES}{fare[k]:g} is above {fare[k - 1]:g} before it; give the highest first", place=f"fares[{k}]"
        )
    return fare, mean, sd


def _levels(protection: ArrayLike) -> FloatArray:
    levels = np.atleast_1d(np.asarray(protection, np.float64))
    numbers("protection", np.where(np.isposinf(levels), 0.0, levels))
    falling = np.flatnonzero(np.diff(np.where(np.isposinf(levels), np.finfo(np.float64).max, levels)) < 0.0)
    if levels.ndim != 1 or falling.size:
        raise Refusal(
            "is not a list of levels that do not fall; give those of the highest fare first", place="protection"
        )
    return levels
