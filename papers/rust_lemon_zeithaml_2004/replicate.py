"""Customers who switch between firms, and what a matrix of switching says they are worth."""

import numpy as np
import pandas as pd

from abm.engine.engine import Engine
from abm.engine.visit_log import logged_to_the_end, room, visit_log
from abm.mechanisms.books.accounts import Accounts
from abm.value.equity import switching_equity, switching_matrix

SPEND = tuple(column for column in Accounts.owns if column.name == "visit_spend")
CENTS = 100


def replicate(paper):
    """Return what each claim comes to, by replication."""
    as_is, improved = (logs(paper, paper.study.scenario_of(arm)) for arm in ("as_is", "improved"))
    before, after = (np.array([equity(paper, log) for log in each]) for each in (as_is, improved))
    cost = paper.settings["cost"]
    chances = [switching_matrix(log) for log in as_is]
    return {
        "chance of coming back to the leader, from the log": np.array([one.loc[0, 0] for one in chances]),
        "leader's equity a customer": before[:, 0],
        "equity of its two rivals a customer": before[:, 1:].sum(axis=1),
        "leader's equity a customer, improved": after[:, 0],
        "return on what the improvement costs": (after[:, 0] - before[:, 0] - cost) / cost,
        "leader's equity a customer, foretold from the first purchases": np.array([foretold(paper, x) for x in as_is]),
    }


def logs(paper, scenario):
    """Return the log of purchases of each replication: customer, period, firm, spend (money)."""
    people, periods = scenario.population.customers, scenario.periods
    whole = scenario.replace({"extras": (*scenario.extras, visit_log(SPEND, room(people, 1), until=periods))})
    engine, found = Engine(whole, paper.study.seed), []
    for replication in range(paper.study.replications):
        engine.restart(replication)
        log = pd.DataFrame(logged_to_the_end(engine, ("visit_spend",)))
        found.append(log.assign(spend=log.visit_spend / CENTS))
    return found


def equity(paper, log):
    """Return what customers paid each firm, discounted, money a customer: (firms,)."""
    own = paper.settings
    discounted = log.spend * (1.0 + own["discount"]) ** (-own["interval"] * log.period)
    return discounted.groupby(log.firm).sum().to_numpy() / paper.study.scenario.population.customers


def foretold(paper, log):
    """Return the leader's equity, money a customer, by the switching matrix of the first purchases."""
    own = paper.settings
    first = log[log.period < own["seen"]]
    start = first[first.period == 0].firm.value_counts(normalize=True).sort_index().to_numpy()
    last = paper.study.scenario.periods - 1
    worth = switching_equity(
        switching_matrix(first), start, first.spend.mean(), own["interval"], own["discount"], first=0, horizon=last
    )
    return worth[0]
