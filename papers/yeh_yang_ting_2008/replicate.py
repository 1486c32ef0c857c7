"""Blood donors, who give at rates of their own until they drop out, and the month held out from their log."""

import numpy as np
import pandas as pd

import abm
from abm.engine.engine import Engine
from abm.engine.visit_log import logged_to_the_end, room, visit_log
from abm.logs.alike_drop_out import fit_alike_drop_out
from abm.value.alive import probability_alive

ALIKE = 1e6  # Beta shape with which all have the same chance
STRETCH = 11  # months between two times at which visits are taken out of their list


def replicate(paper):
    """Return what each claim comes to."""
    log = histories(paper)
    history = log["repeats"], log["last"], log["months"]
    lives = fit_alike_drop_out(*history)
    chance = gives_next(lives, *history)
    found = [simulated(paper, lives, log["months"].to_numpy(), one) for one in range(paper.study.replications)]
    came, recent = log["gave"].mean(), (log["silent"] <= paper.settings["recent"]).to_numpy()
    upper = chance > np.median(chance)
    foretold = (
        "out of sample: share foretold by formula from each one's history to give in March 2007, less those who gave"
    )
    return {
        "share of the log's donors who gave in March 2007": came,
        **{name: np.array([one[name] for one in found]) for name in found[0]},
        "out of sample: simulated share who give in March 2007, less those who gave": np.array(
            [one["simulated donors: share who give in the month after the log's history"] - came for one in found]
        ),
        foretold: chance.mean() - came,
        f"{foretold}, of recent donors": chance[recent].mean() - log["gave"][recent].mean(),
        f"{foretold}, of the others": chance[~recent].mean() - log["gave"][~recent].mean(),
        "out of sample: share who gave of the half with the higher chance, less that of the others": (
            log["gave"][upper].mean() - log["gave"][~upper].mean()
        ),
        "out of sample: how often one who gave had a higher chance than one who did not": ranked(chance, log["gave"]),
    }


def histories(paper):
    """Return a row a donor: repeat gifts, months from the first gift to the last and to the end, whether she gave."""
    table = pd.read_csv(paper.folder / paper.settings["data"])
    if table["months"].max() >= paper.study.scenario.periods:
        raise abm.Refusal(f"= {paper.study.scenario.periods} ends before the month ahead", place="periods")
    log = table.loc[table.index.repeat(table["donors"])].reset_index()
    log["gave"] = log.groupby("index").cumcount() < log["gave"]
    return log.assign(repeats=log["gifts"] - 1, last=log["months"] - log["silent"])


def gives_next(lives, repeats, last, months):
    """Return the chance (n,) of at least one gift in the next month: that she is there, and gives at her rate."""
    nothing = ((lives.alpha + months) / (lives.alpha + months + 1)) ** (lives.r + repeats)
    return (probability_alive(lives, repeats, last, months) * (1 - nothing)).to_numpy()


def simulated(paper, lives, months, replication):
    """Return measures of simulated donors, who are watched for the times (n,) of the log's, and one month more."""
    chances = {
        "population.purchase_rate": lives.r / lives.alpha, "population.rate_shape": lives.r,
        "population.drop_out": lives.dropout, "population.drop_out_shape": ALIKE,
    }  # fmt: skip
    scenario = paper.study.scenario.replace(chances)
    n = scenario.population.customers
    market = scenario.adding(visit_log((), room(n, STRETCH)))
    visits = logged_to_the_end(Engine(market, paper.study.seed, replication), stretch=STRETCH)
    watched = months[np.arange(n) % months.size]
    until = watched[visits["customer"]]
    x, y = (
        np.bincount(visits["customer"][those], minlength=n)
        for those in (visits["period"] < until, visits["period"] == until)
    )
    return {
        "simulated donors: repeat gifts in the time of the log's history": x.mean(),
        "simulated donors: share without a second gift in it": (x == 0).mean(),
        "simulated donors: share who give in the month after the log's history": (y > 0).mean(),
    }


def ranked(chance, gave):
    """Return how often a donor who gave had a higher chance than one who did not; a tie counts half."""
    gave = gave.to_numpy()
    higher = chance[gave][:, None] - chance[~gave]
    return (np.sign(higher) / 2 + 0.5).mean()
