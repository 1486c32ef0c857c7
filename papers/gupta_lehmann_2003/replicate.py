"""Customers of one firm who buy once a year and stay with a chance, and what their margins are worth today."""

import numpy as np

from abm import Refusal
from abm.engine.kept import Kept
from abm.engine.recording import record

CASES = {
    "a": "retention .6, discount .10",
    "b": "retention .7, discount .12",
    "c": "retention .8, discount .10",
    "d": "retention .8, discount .12",
    "e": "retention .9, discount .10",
    "f": "retention .9, discount .12",
    "g": "retention .9, discount .16",
}


def replicate(paper):
    """Return what each claim comes to, by replication."""
    cases = paper.settings["cases"]
    if any(len(case) != 2 for case in cases.values()):
        raise Refusal("has a case that is not a retention and a discount", place="paper.cases")
    stayed = {retention: alive(paper, retention) for retention, _ in cases.values()}
    found = {
        f"margin multiple, {words}": multiple(stayed[cases[name][0]], cases[name][1]) for name, words in CASES.items()
    }
    retention, discount = cases["d"]
    rise = 1.0 + paper.settings["rise"]
    more, less = (multiple(x, discount) for x in (alive(paper, retention * rise), stayed[retention]))
    words = "per cent of value for one per cent of retention, retention .8, discount .12"
    return {**found, words: np.log(more / less) / np.log(rise)}


def alive(paper, retention):
    """Return the part of customers who buy in each year (replications, years)."""
    if not 0.0 <= retention <= 1.0:
        raise Refusal(f"has a retention of {retention:g}; take 0 to 1", place="paper.cases")
    scenario, kept = paper.study.scenario.replace({"defection.exit_rate": 1.0 - retention}), Kept()
    runs = (record(scenario, paper.study.seed, k, kept=kept) for k in range(paper.study.replications))
    return np.array([run.tallies["visits"][:, 0] for run in runs]) / scenario.population.customers


def multiple(stayed, discount):
    """Return the value today of a margin of 1 a year from next year on (replications,), for who buys this year."""
    later = np.arange(1, stayed.shape[1])
    return stayed[:, 1:] @ (1.0 + discount) ** -later
