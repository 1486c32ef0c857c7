"""A market of persons who adopt, with and without some of them: what others adopt later, for each who is lost."""

import numpy as np

from abm.engine.engine import Engine

YEARS = (1, 3, 5, 10)  # in which adopters are lost


def replicate(paper):
    """Return what each claim comes to."""
    own, market = paper.settings, paper.study.scenario
    rate = own["discount"] / market.periods_per_year
    usual, slow = (market.replace(rates(market, *own[name])) for name in ("usual", "slow"))
    kept, slow_kept = (run(paper, one.replace({"knock_out.part": 0.0}))[0] for one in (usual, slow))
    runs = {year: run(paper, usual, year) for year in YEARS}
    found = {year: each(kept, *runs[year], when(paper, year), rate) for year in YEARS}
    first, *_, last = YEARS
    (early, early_error), (late, late_error) = found[first], found[last]
    return {
        **{f"adoptions lost with an adopter of year {year}": found[year] for year in YEARS},
        "adoptions lost with an adopter of year 1, of the slow starter": each(
            slow_kept, *run(paper, slow, first), when(paper, first), rate
        ),
        "early adopter less late one": (early - late, np.hypot(early_error, late_error)),
        "adoptions lost with an adopter of year 1 by the end, not discounted": each(
            kept, *runs[first], when(paper, first), 0.0
        ),
    }


def rates(market, p, q):
    """Return what makes p and q, a year, those of a market, by what each acquaintance passes on."""
    tie = q / market.periods_per_year / market.network.mean_degree
    own = {"discovery": p / market.periods_per_year, "weak_tie": tie, "strong_tie": tie}
    return {f"word_of_mouth.{name}": value for name, value in own.items()}


def when(paper, year):
    """Return the period in which adopters are lost that ends so many years of talk."""
    return year * paper.study.scenario.periods_per_year + paper.settings["lag"]


def run(paper, market, year=1):
    """Return who adopts, by replication and period, and how many are lost, by replication."""
    engine = Engine(market.replace({"knock_out.at": when(paper, year)}), paper.study.seed)
    adopted, lost = [], []
    for replication in range(paper.study.replications):
        engine.restart(replication)
        engine.run(market.periods)
        adopted.append(engine.world.tallied("acquired")[:, 0].copy())
        lost.append(engine.world.tallied("customers_removed")[:, 0].sum() if market.knock_out.part else 0)
    return np.array(adopted, float), np.array(lost, float)


def each(kept, without, lost, at, rate):
    """Return what each lost adopter costs in adoptions at the time of her loss, and its standard error."""
    worth = np.exp(-rate * (np.arange(kept.shape[1]) - at))
    fewer = (kept - without) @ worth
    cost = fewer.sum() / lost.sum()
    error = np.std(fewer - cost * lost, ddof=1) / np.sqrt(lost.size) / lost.mean()
    return cost, error
