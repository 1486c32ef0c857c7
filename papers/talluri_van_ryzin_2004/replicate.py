"""Demand drawn again and again, and sold to as limits say, from the lowest fare to the highest."""

import numpy as np

from abm import Refusal
from abm.capacity.booking_limits import emsr_a, emsr_b, simulated_revenue

FARES = 4  # of the example
FULL = 10.0  # the higher of two fares


def replicate(paper):
    """Return what each claim comes to."""
    own, luck = paper.settings, np.random.default_rng(paper.study.seed)
    classes = own["fares"], own["means"], own["sds"]
    if any(len(one) != FARES for one in classes):
        raise Refusal(f"has not {FARES} numbers", place="paper.fares, means or sds")
    if own["draws"] < 1 or own["step"] <= 0.0:
        raise Refusal("is not above 0", place="paper.draws or step")
    demand = [drawn(luck, own["means"], own["sds"], own["draws"]) for _ in range(paper.study.replications)]
    by_b, by_a = emsr_b(*classes), emsr_a(*classes)
    start = np.minimum(np.cumsum(own["means"][:-1]), own["capacity"])  # all that dearer fares ask for in the mean
    best = best_protection(np.concatenate(demand), own["fares"], own["capacity"], start, own["step"])

    def revenue(protection):
        found = [simulated_revenue(one, own["fares"], protection, own["capacity"]).mean() for one in demand]
        return np.array(found)

    ranks = ("highest fare", "two highest fares", "three highest fares")
    kept = {f"places kept for the {rank}, best of all limits": best[k] for k, rank in enumerate(ranks)}
    for name, levels in (("EMSR-b", by_b), ("EMSR-a", by_a)):
        kept |= {f"places kept for the {ranks[k]}, {name}": levels[k] for k in (1, 2)}
    return {
        **kept,
        "revenue of EMSR-b less that without limits, share": revenue(by_b) / revenue(np.zeros(start.size)) - 1.0,
        "revenue of EMSR-b less that of the best limits, share": revenue(by_b) / revenue(best) - 1.0,
        **with_two_fares(paper, luck),
        **overbooked(paper, luck),
    }


def drawn(luck, means, sds, draws):
    """Return demands (draws, fares), places, none below 0."""
    return np.maximum(luck.normal(means, sds, (draws, len(means))), 0.0)


def best_protection(demand, fares, capacity, start, step):
    """Return the levels with the highest mean revenue: each is moved while that helps, by ever smaller steps."""
    levels, width = np.array(start), 16.0 * step
    earned = simulated_revenue(demand, fares, levels, capacity).mean()
    while width >= step:
        moved = False
        for k, way in ((k, way) for k in range(levels.size) for way in (-width, width)):
            tried = levels.copy()
            above = tried[k + 1] if k + 1 < tried.size else capacity
            tried[k] = np.clip(tried[k] + way, tried[k - 1] if k else 0.0, above)
            there = simulated_revenue(demand, fares, tried, capacity).mean()
            if there > earned:
                levels, earned, moved = tried, there, True
        width = width if moved else width / 2.0
    return levels


def with_two_fares(paper, luck):
    """Return the discount limit that earned most, by the lower of the two fares."""
    own, found = paper.settings["littlewood"], {}
    draws = paper.settings["draws"] * paper.study.replications
    demand = drawn(luck, [own["mean"], 0.0], [own["sd"], 0.0], draws)
    demand[:, 1] = own["capacity"]  # of the lower fare there are always enough
    for fare in (4, 5, 6):
        best = best_of_one(demand, [FULL, float(fare)], own["capacity"], paper.settings["step"])
        found[f"discount limit, fares {fare} to 10"] = own["capacity"] - best
    return found


def best_of_one(demand, fares, capacity, step):
    """Return the protection level with the highest mean revenue: of all whole ones, then of those around it."""

    def best(levels):
        return max(levels, key=lambda level: simulated_revenue(demand, fares, [level], capacity).mean())

    whole = best(np.arange(0.0, capacity + 1.0, 4.0))
    return best(np.clip(np.arange(whole - 4.0, whole + 4.0 + step, step), 0.0, capacity))


def overbooked(paper, luck):
    """Return how many bookings are best, and what comes of them, guest by guest."""
    own = paper.settings["overbooking"]
    places, draws = own["capacity"], paper.settings["draws"] * paper.study.replications
    come = luck.binomial(places, 1.0 - own["no_show"], draws)
    fitting = best = (places, -np.inf, 0.0)
    for booked in range(places, 2 * places):
        mean, error = mean_and_error(come)
        fitting = (booked, mean, error) if mean <= places else fitting
        earned, spread = mean_and_error(own["fare"] * come - own["denied"] * np.maximum(come - places, 0))
        best = (booked, earned, spread) if earned > best[1] else best
        if mean > places and earned < best[1]:
            break
        come = come + (luck.random(draws) >= own["no_show"])  # one guest more, beside the same others
    return {
        "bookings accepted so that at most 100 come in the mean, one in ten stays away": fitting[0],
        "guests who come of these": fitting[1:],
        "bookings accepted where a guest sent away costs three fares": best[0],
        "revenue of these": best[1:],
    }


def mean_and_error(values):
    """Return the mean of independent values, and its standard error."""
    return values.mean(), values.std(ddof=1) / np.sqrt(values.size)
