"""Norms of repeat buying: customers whose rates and tastes last, in a market in which nothing changes."""

import numpy as np
from scipy.optimize import brentq

from abm.engine.engine import Engine
from abm.engine.visit_log import logged_to_the_end, room, visit_log
from abm.logs.brands import (
    duplication_of_purchase,
    frequency_constant,
    ordered_purchases,
    purchase_frequency,
    relative_spread,
    sole_buyers,
)
from abm.logs.nbd import nbd_from_penetration

WEEKS = (1, 4, 12, 24, 48)


def replicate(paper):
    """Return what each claim comes to."""
    parts = (promotion, growth, rare, audit)
    found = [
        {name: value for part in parts for name, value in part(paper, replication).items()}
        for replication in range(paper.study.replications)
    ]
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def purchases(paper, replication, changes):
    """Return who bought what in each week of a market with some values changed."""
    scenario = paper.study.scenario.replace(changes)
    n = scenario.population.customers
    engine = Engine(scenario.adding(visit_log((), room(n, 1))), paper.study.seed, replication)
    found = logged_to_the_end(engine)
    return ordered_purchases(found["customer"], found["period"], found["firm"], n, len(scenario.firms))


def of_one_brand(paper, replication, mean, shape, windows):
    """Return purchases of all brands, taken for one, of each customer in windows (start, end) of weeks.

    mean, shape : of purchases in a period, over customers
    """
    rate = mean / paper.settings["period"]
    changes = {"population.purchase_rate": rate, "population.rate_shape": shape}
    last = max(end for _, end in windows)
    bought = purchases(paper, replication, changes | {"periods": last})
    return [bought.within(start, end - 1).counts.sum(axis=1) for start, end in windows]


def promotion(paper, replication):
    """Return who would have come back after a promotion without it."""
    own, period = paper.settings["promotion"], paper.settings["period"]
    norm = nbd_from_penetration(own["penetration"], own["frequency"])
    first, second = of_one_brand(paper, replication, norm.mean_rate, norm.r, [(0, period), (period, 2 * period)])
    again = (second > 0)[first > 0].mean()
    return {
        "promotion: share of a period's buyers who buy again in the next, without it (%)": 100 * again,
        "promotion: purchases of these in the next period": second[(first > 0) & (second > 0)].mean(),
        "promotion: share of all who are new buyers in the next period (%)": 100 * np.mean((first == 0) & (second > 0)),
        "promotion: repeat buyers seen above the norm (points)": own["repeat_seen"] - 100 * again,
    }


def growth(paper, replication):
    """Return buyers and their purchases in windows that grow, and what heavy and light buyers do next."""
    own, period = paper.settings["growth"], paper.settings["period"]
    windows = [*((0, weeks) for weeks in WEEKS), (period, 2 * period)]
    *counts, after = of_one_brand(paper, replication, own["mean"], own["shape"], windows)
    before = counts[WEEKS.index(12)]
    bought = dict(zip(WEEKS, counts, strict=True))
    light, each = "heavy and light buyers: next period's mean of who", "purchases per buyer in weeks"
    return {
        **{f"penetration in weeks: {weeks}": (x > 0).mean() for weeks, x in bought.items()},
        **{f"{each}: {weeks}": bought[weeks].sum() / (bought[weeks] > 0).sum() for weeks in (1, 12, 48)},
        f"{light} did not buy": after[before == 0].mean(),
        f"{light} bought twice": after[before == 2].mean(),
    }  # fmt: skip


def rare(paper, replication):
    """Return what of the sales of a brand with hardly any buyers is made to those of the period before."""
    own, period = paper.settings["rare"], paper.settings["period"]
    k = own["shape"]
    a = brentq(lambda a: k * a + own["frequency"] * np.expm1(-k * np.log1p(a)), 1e-3, 1e6)
    first, second = of_one_brand(paper, replication, k * a, k, [(0, period), (period, 2 * period)])
    new = (first == 0) & (second > 0)
    return {
        "rare buyers (w = 3): share of sales to repeat buyers": second[first > 0].sum() / second.sum(),
        "rare buyers (w = 3): purchases of a new buyer": second[new].mean(),
    }


def audit(paper, replication):
    """Return what brands of a category show in windows of different length, means over brands."""
    own = paper.settings["audit"]
    people = {"customers": own["customers"], "purchase_rate": own["rate"], "rate_shape": own["shape"]}
    bought = purchases(paper, replication, {f"population.{name}": value for name, value in people.items()})
    window = {weeks: bought.within(0, weeks - 1) for weeks in WEEKS}
    year = window[48].counts
    buys = year > 0
    others = (buys.T @ year.sum(axis=1) - year.sum(axis=0)) / buys.sum(axis=0)
    w = {weeks: purchase_frequency(one) for weeks, one in window.items()}
    heavy = np.where(year >= own["heavy"], year, 0).sum(axis=0) / year.sum(axis=0)
    alone = {weeks: 100 * sole_buyers(one).mean() for weeks, one in window.items()}
    constant = relative_spread(frequency_constant(window[48]))
    exponent = np.log((w[48] - 1) / (w[4] - 1)) / np.log(12)
    return {
        "audit: largest distance of w (1 - b) from its mean, brands in 48 weeks": constant,
        "audit: duplication coefficient D in 4 weeks": duplication_of_purchase(window[4]).coefficient,
        "audit: sole buyers of a brand in a week (%)": alone[1],
        **{f"audit: sole buyers of a brand in {weeks} weeks (%)": alone[weeks] for weeks in (4, 12, 48)},
        "audit: purchases of a brand by its buyers in 48 weeks": w[48].mean(),
        "audit: purchases of other brands by these in 48 weeks": others.mean(),
        "audit: share of sales to who buys a brand six times or more in 48 weeks (%)": 100 * heavy.mean(),
        "audit: growth of w - 1 from 4 to 48 weeks, exponent of time": exponent.mean(),
    }  # fmt: skip
