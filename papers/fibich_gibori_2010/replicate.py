"""The same customers on networks from pairs to all with all: how many have adopted by when."""

import numpy as np

import abm
from abm.core.errors import Refusal

YEARS = (10, 20, 40)
PLACES = {"on a ring": "ring", "in pairs": "pairs", "of 100 who all know each other": "hundred"}
ORDER = {
    "ring less pairs": ("ring", "pairs"), "small world less ring": ("small_world", "ring"),
    "random graph less small world": ("random", "small_world"), "all less random graph": ("all", "random"),
}  # fmt: skip


def replicate(paper):
    """Return what each claim comes to."""
    study = paper.study
    market = study.scenario
    if market.periods < YEARS[-1] * market.periods_per_year:
        raise Refusal(f"= {market.periods} ends before year {YEARS[-1]}, of which a share is claimed", place="periods")
    shares = {**curves(study), "pairs": curves(study.replace(scenario=in_pairs(market), arms={"pairs": {}}))["pairs"]}
    named = {year: year * market.periods_per_year - 1 for year in YEARS}
    yearly = slice(market.periods_per_year - 1, None, market.periods_per_year)
    return {
        **{
            f"adopted by year {year} {place}": shares[arm][:, at]
            for place, arm in PLACES.items()
            for year, at in named.items()
        },
        "adopted by year 20 of 1,000 who all know each other": shares["all"][:, named[20]],
        "adopted by year 20 without talk": shares["without_talk"][:, named[20]],
        **{
            f"{words}, where least": least(shares[more][:, yearly] - shares[fewer][:, yearly])
            for words, (more, fewer) in ORDER.items()
        },
    }


def curves(study):
    """Return the share who have adopted, by arm: (replications, periods)."""
    results = abm.run(study, workers=1)
    return {arm: results.course("adoption_share", arm, results.firms[0])[0] for arm in results.arms}


def in_pairs(market):
    """Return the market with customers who know one other each."""
    ties = [(i, i + 1) for i in range(0, market.population.customers - 1, 2)]
    return market.replace({"network": abm.Network(kind="ties", ties=ties)})


def least(differences):
    """Return the differences of all replications in the year, from the fifth on, in which their mean is least."""
    later = differences[:, 4:]
    return later[:, np.argmin(later.mean(axis=0))]
