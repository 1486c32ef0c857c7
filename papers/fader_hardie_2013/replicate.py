"""Gamma-Gamma on CDNOW: what customers spend on an occasion, in the log and in a market fitted to it."""

import numpy as np

from abm.engine.engine import Engine
from abm.logs.baskets import expected_mean_amount, fit_gamma_gamma
from abm.logs.purchases import moment, purchase_days, read_log, shipped, summary


def replicate(paper):
    """Return what each claim comes to."""
    until = paper.study.scenario.population.log_until
    log = read_log(shipped("cdnow"))
    table = summary(log, end=until)
    model = fit_gamma_gamma(table["frequency"], table["mean_amount"])
    made = np.array([simulated(paper, replication) for replication in range(paper.study.replications)])
    return {
        "Gamma-Gamma on CDNOW, first 39 weeks: p": model.p,
        "Gamma-Gamma: q": model.q,
        "Gamma-Gamma: v (dollars)": model.v,
        "mean basket over customers (dollars)": model.population_mean,
        "simulated customers: mean basket (dollars)": made[:, 0],
        "simulated customers: share of mean baskets below 20 dollars": made[:, 1],
        "simulated customers: correlation of purchase rate and mean basket": made[:, 2],
        "log: correlation of purchases and mean spend of who bought again": model.correlation,
        **held_out(model, table, spent_later(log, until, paper.settings["holdout_until"])),
    }


def simulated(paper, replication):
    """Return mean basket, share of baskets below the border, and correlation with the rate, of a market's customers."""
    customers = Engine(paper.study.scenario, paper.study.seed, replication).world.customers
    basket = np.asarray(customers.basket, np.float64)
    below = np.mean(basket < paper.settings["basket"])
    return basket.mean(), below, np.corrcoef(customers.purchase_rate, basket)[0, 1]


def spent_later(log, until, end):
    """Return the mean spend of a purchase day in the weeks after those that are fitted, by customer."""
    days = purchase_days(log)
    later = (days["date"] > moment("until", until)) & (days["date"] <= moment("end", end))
    return days[later].groupby("customer")["amount"].mean()


def held_out(model, table, later):
    """Return the squared error of what is expected of who bought in both times, against two simpler guesses."""
    both = table[table["frequency"] > 0].join(later.rename("later"), how="inner")
    expected = expected_mean_amount(model, both["frequency"], both["mean_amount"])

    def error(guess):
        return np.mean((guess - both["later"]) ** 2)

    ratio = "out of sample: mean squared error of the expected basket over that of"
    return {
        f"{ratio} the customer's own mean": error(expected) / error(both["mean_amount"]),
        f"{ratio} the mean of all": error(expected) / error(model.population_mean),
    }
