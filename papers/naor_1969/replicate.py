"""Customers who see a line and join it if that is worth their time, served one by one."""

import numpy as np

from abm import queue
from abm.queues.joining import naor


def replicate(paper):
    """Return what each claim comes to; for the good of all a toll is taken that keeps the line short."""
    own = paper.settings
    rule = naor(own["value"], own["cost"], own["rate"], own["minutes"])
    each, tolled = served(paper, own["value"]), served(paper, own["value"] - rule.toll)
    return {
        "customers in the system at which nobody joins any more, each for herself": each.most.max(),
        "the same for the good of all": tolled.most.max(),
        "welfare a minute, each for herself": each.welfare.to_numpy(),
        "welfare a minute, for the good of all": tolled.welfare.to_numpy(),
        "share who turn away, each for herself": each.away.to_numpy(),
        "customers in the system, each for herself": each.inside.to_numpy(),
        "welfare that is lost as each looks after herself": (tolled.welfare - each.welfare).to_numpy(),
    }


def served(paper, value):
    """Return measures of each replication if being served is worth `value` after the toll: a row each."""
    own = paper.settings
    run = queue(
        rate=own["rate"], minutes=own["minutes"],
        balking={"rule": "naor", "value": value, "cost": own["cost"]},
        customers=own["customers"], replications=paper.study.replications, seed=paper.study.seed,
    )  # fmt: skip
    rows = run.customers
    rows["inside"] = (rows.left - rows.arrival).where(rows.outcome == "served", 0.0)
    rows["welfare"] = own["value"] * (rows.outcome == "served") - own["cost"] * rows.inside
    rows["away"] = rows.outcome == "balked"
    counted = rows[rows.counted].groupby("replication")[["inside", "welfare", "away"]].mean()
    counted[["inside", "welfare"]] *= own["rate"]  # Little's law: from a customer to a minute
    return counted.assign(most=rows.groupby("replication").apply(most_inside))


def most_inside(rows):
    """Return how many customers were in the system at most, as arrivals and departures went by."""
    there = rows[rows.outcome == "served"]
    time = np.concatenate([there.left, there.arrival])
    change = np.repeat([-1, 1], len(there))
    return change[np.argsort(time, kind="stable")].cumsum().max()
