"""Customers who all know each other adopt one by one: the mean of many such markets, and the time of its peak."""

import numpy as np
from scipy.integrate import solve_ivp

import abm
from abm.core.errors import Refusal

LAST = 20  # year of which a share is claimed
YEARS = {
    "share who have adopted by year 5, of 1,000 who all know each other": 5, "the same by year 10": 10,
    "the same by year 20": LAST,
}  # fmt: skip
DURABLES = {
    "the mean durable": "mean", "electric refrigerators": "refrigerators", "black and white television": "television",
    "room air conditioners": "air_conditioners", "clothes dryers": "dryers", "record players": "record_players",
}  # fmt: skip


def replicate(paper):
    """Return what each claim comes to."""
    market = paper.study.scenario
    if market.periods < LAST * market.periods_per_year:
        raise Refusal(f"= {market.periods} ends before year {LAST}, of which a share is claimed", place="periods")
    shares = curves(paper.study)
    year, own = market.periods_per_year, shares["mean"]
    peaks = {name: peak(shares[arm].mean(axis=0), year) for name, arm in DURABLES.items()}
    exact = birth_chain(market, np.arange(market.periods // year) + 1.0)
    yearly = curves(in_steps_of_a_year(paper.study))["mean"]
    return {
        **{claim: own[:, by * year - 1] for claim, by in YEARS.items()},
        "largest distance of the mean of all runs from the birth chain, over years": np.abs(
            own.mean(axis=0)[year - 1 :: year] - exact
        ).max(),
        **{f"years to the peak of sales, of {name}": when for name, (when, _) in peaks.items()},
        **{
            f"sales at the peak, share of customers a year, of {name}": peaks[name][1]
            for name in ("the mean durable", "record players")
        },
        "adopted by year 10 in steps of a year, less in steps of a week": (yearly[:, 9] - own[:, 10 * year - 1]),
    }


def curves(study):
    """Return the share who have adopted, by arm: (replications, periods)."""
    results = abm.run(study, workers=1)
    return {arm: results.course("adoption_share", arm, results.firms[0])[0] for arm in results.arms}


def in_steps_of_a_year(study):
    """Return the market of the first arm alone, with a period of a year."""
    market = study.scenario
    changes = {"periods": market.periods // market.periods_per_year, "periods_per_year": 1}
    return abm.Experiment(
        name="yearly", scenario=market.replace(changes), arms={"mean": {}}, kpis=study.kpis, seed=study.seed,
        replications=study.replications,
    )  # fmt: skip


def peak(share, year):
    """Return when most adopt, in years, and how many then do, a year: of years that begin in each period."""
    sales = share[year:] - share[:-year]
    at = int(sales.argmax())
    return (at + 1) / year + 0.5, sales[at]


def birth_chain(market, times):
    """Return the expected share who have adopted at `times`, years, of so many customers who all know each other."""
    n, own = market.population.customers, market.adoption
    have = np.arange(n)
    rate = (own.innovation + own.imitation * have / (n - 1)) * (n - have)

    def change(_, chance):
        leaving = np.append(rate * chance[:-1], 0.0)
        return np.append(0.0, leaving[:-1]) - leaving

    start = np.zeros(n + 1)
    start[0] = 1.0
    found = solve_ivp(change, (0.0, times[-1]), start, "LSODA", times, rtol=1e-8, atol=1e-12)
    return np.arange(n + 1) @ found.y / n
