"""BG/NBD and Pareto/NBD on CDNOW, and customers of a market who live as the BG/NBD says."""

from itertools import product

import numpy as np
import pandas as pd

from abm.engine.engine import Engine
from abm.engine.visit_log import logged_to_the_end, room, visit_log
from abm.logs.bgnbd import (
    bgnbd_probability,
    conditional_expected_purchases,
    expected_purchases,
    fit_bgnbd,
)
from abm.logs.paretonbd import conditional_paretonbd, fit_paretonbd, paretonbd_probability
from abm.logs.purchases import purchase_counts, read_log, shipped, summary

TOP = 7  # repeat purchases from which customers are counted together
DAYS_PER_PERIOD = 365.25
STRETCH = 28  # periods between two times at which visits are taken out of their list


def replicate(paper):
    """Return what each claim comes to."""
    own, until = paper.settings, paper.study.scenario.population.log_until
    log = read_log(shipped("cdnow"))
    table = summary(log, end=until)
    after = pd.Timestamp(until) + pd.Timedelta(days=1)
    bought = purchase_counts(log, after, own["holdout_until"]).reindex(table.index).to_numpy()
    found = fitted(table, bought, weeks_between(until, own["holdout_until"]))
    made = [simulated(paper, table, replication) for replication in range(paper.study.replications)]
    total = table["frequency"].sum() + bought.sum()
    for name in made[0]:
        found[name] = np.array([one[name] for one in made])
    off = "out of sample: simulated repeat purchases by week 78 below those of the log (%)"
    found[off] = 100 * (1 - found[off] / total)
    errors = 100 * np.array(
        [tracking_error(paper, number, world) for number, world in enumerate(worlds(own["worlds"]))]
    )
    study = "error of the BG/NBD's tracking in weeks 53-104 (%)"
    found[f"81 markets of the Pareto/NBD: mean {study}"] = errors.mean(), errors.std() / np.sqrt(errors.size)
    found[f"81 markets of the Pareto/NBD: largest {study}"] = errors.max()
    return found


def weeks_between(start, end):
    """Return weeks from one day to another."""
    return (pd.Timestamp(end) - pd.Timestamp(start)).days / 7


def history(table):
    """Return x, t_x and T, weeks as the paper has them: to two decimals."""
    return table["frequency"], table["recency"].round(2), table["age"].round(2)


def fitted(table, bought, ahead):
    """Return the fits, the histograms and what is expected of customers against what they did."""
    data = history(table)
    bg, pareto = fit_bgnbd(*data), fit_paretonbd(*data)
    expected = {
        "BG/NBD": conditional_expected_purchases(bg, ahead, *data),
        "Pareto/NBD": conditional_paretonbd(pareto, ahead, *data),
    }
    zero = (table["frequency"] == 0).to_numpy()
    first = "out of sample: purchases in the next 39 weeks of who has not bought again, BG/NBD"
    together = "out of sample: correlation of expected and made purchases"
    correlation = {name: np.corrcoef(one, bought)[0, 1] for name, one in expected.items()}
    return {
        "BG/NBD on CDNOW, first 39 weeks: r": bg.r, "BG/NBD: alpha (weeks)": bg.alpha,
        "BG/NBD: a": bg.a, "BG/NBD: b": bg.b, "BG/NBD: log likelihood": bg.log_likelihood,
        "Pareto/NBD on CDNOW, first 39 weeks: r": pareto.r, "Pareto/NBD: alpha (weeks)": pareto.alpha,
        "Pareto/NBD: s": pareto.s, "Pareto/NBD: beta (weeks)": pareto.beta,
        "Pareto/NBD: log likelihood": pareto.log_likelihood,
        "chi-square of the histogram of repeat purchases, BG/NBD": chi_square(bgnbd_probability, bg, data),
        "chi-square of the histogram of repeat purchases, Pareto/NBD": chi_square(paretonbd_probability, pareto, data),
        first: expected["BG/NBD"][zero].mean(),
        "out of sample: the same, Pareto/NBD": expected["Pareto/NBD"][zero].mean(),
        "out of sample: the same in the log": bought[zero].mean(),
        **{f"{together}, {name}": correlation[name] for name in expected},
        "correlation of the expectations of both models": np.corrcoef(*expected.values())[0, 1],
    }  # fmt: skip


def chi_square(probability, model, data):
    """Return Pearson's statistic of repeat purchases 0 … 6, 7 and more."""
    x, _, age = data
    expected = np.array([probability(model, count, age).sum() for count in range(TOP)])
    expected = np.append(expected, len(age) - expected.sum())
    return np.sum((np.bincount(x.clip(upper=TOP), minlength=TOP + 1) - expected) ** 2 / expected)


def repeats(paper, replication):
    """Return customer and age in weeks of every repeat purchase of simulated customers, in order of time."""
    scenario = paper.study.scenario
    engine = Engine(
        scenario.adding(visit_log((), room(scenario.population.customers, STRETCH))), paper.study.seed, replication
    )
    found = logged_to_the_end(engine, stretch=STRETCH)
    customer, period = found["customer"], found["period"]
    order = np.argsort(period, kind="stable")
    return customer[order], (period[order] + 0.5) * DAYS_PER_PERIOD / scenario.periods_per_year / 7


def simulated(paper, table, replication):
    """Return measures of the customers of a replication, who begin on the days of the log's."""
    n = paper.study.scenario.population.customers
    customer, age = repeats(paper, replication)
    copy = np.arange(n) % len(table)
    watched = table["age"].to_numpy()[copy]
    ahead = weeks_between(paper.study.scenario.population.log_until, paper.settings["holdout_until"])
    early, later = age <= watched[customer], (age > watched[customer]) & (age <= watched[customer] + ahead)
    x, y = (np.bincount(customer[those], minlength=n) for those in (early, later))
    last = np.zeros(n)
    last[customer[early]] = age[early]
    again = fit_bgnbd(x, last, watched)
    each = "simulated customers: repeat purchases in"
    of_all = "simulated customers: of 2,357, those without a repeat purchase in the first 39 weeks"
    return {
        **{f"{each} {weeks} weeks": (age <= weeks).sum() / n for weeks in (3, 32, 78)},
        of_all: (x == 0).mean() * len(table),
        "simulated customers: purchases in the next 39 weeks of who has not bought again": y[x == 0].mean(),
        "out of sample: simulated repeat purchases by week 78 below those of the log (%)": (x + y).mean() * len(table),
        "BG/NBD refitted to simulated customers: r": again.r,
        "BG/NBD refitted to simulated customers: alpha (weeks)": again.alpha,
        "BG/NBD refitted to simulated customers: a": again.a,
        "BG/NBD refitted to simulated customers: b": again.b,
    }


def worlds(own):
    """Return r, alpha, s and beta of every market of the Pareto/NBD."""
    return list(product(own["shapes"], own["rates"], own["shapes"], own["rates"]))


def tracking_error(paper, number, world):
    """Return the mean error of cumulative purchases that a BG/NBD expects in the weeks after those it is fitted to."""
    own = paper.settings["worlds"]
    r, alpha, s, beta = world
    rng, n = np.random.default_rng((paper.study.seed, number)), own["households"]
    end = np.minimum(own["weeks"], rng.exponential(1.0, n) / rng.gamma(s, 1 / beta, n))
    household = np.repeat(np.arange(n), rng.poisson(rng.gamma(r, 1 / alpha, n) * end))
    time = end[household] * rng.random(household.size)
    early = time <= own["fitted_weeks"]
    x, last = np.bincount(household[early], minlength=n), np.zeros(n)
    np.maximum.at(last, household[early], time[early])
    model = fit_bgnbd(x, last, np.full(n, float(own["fitted_weeks"])))
    weeks = np.arange(own["fitted_weeks"] + 1, own["weeks"] + 1)
    made = np.searchsorted(np.sort(time), weeks, side="right")
    return np.mean(np.abs(n * expected_purchases(model, weeks.astype(float)) / made - 1))
