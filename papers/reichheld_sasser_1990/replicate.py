"""Customers of one firm who buy once a year, and of whom five in a hundred fewer leave."""

import numpy as np

from abm import Refusal
from abm.engine.kept import Kept
from abm.engine.recording import record


def replicate(paper):
    """Return what each claim comes to, by replication."""
    cases = paper.settings["cases"]
    if any(len(case) != 2 for case in cases.values()):
        raise Refusal("has a case that is not a retention and a discount", place="paper.cases")
    adds = {name: added(paper, retention, discount) for name, (retention, discount) in cases.items()}
    branches = "bank branches, at the most that a discount of .10 allows: .95 before, all stay after"
    return {
        "what five points of retention add to a customer's value, .6 before, discount .10": adds["low"],
        "what they add, .8 before, discount .10": adds["middle"],
        "what they add, .9 before, discount .10": adds["high"],
        "what they add, .9 before, discount .05": adds["patient"],
        "they add at least 25 %, .9 before, discount .10": adds["high"],
        "they add at most 85 %, .9 before, discount .10": adds["high"],
        "they add at least 25 %, .6 before, discount .10": adds["low"],
        branches: adds["most"],
    }


def added(paper, retention, discount):
    """Return by what part of itself a customer's value rises (replications,)."""
    before, after = (worth(paper, one, discount) for one in (retention, retention + paper.settings["points"]))
    return after / before - 1.0


def worth(paper, retention, discount):
    """Return the value today of a margin of 1 a year from next year on (replications,), for who buys this year."""
    if not 0.0 <= retention <= 1.0:
        raise Refusal(f"leads to a retention of {retention:g}; take 0 to 1", place="paper.cases")
    scenario, kept = paper.study.scenario.replace({"defection.exit_rate": 1.0 - retention}), Kept()
    runs = (record(scenario, paper.study.seed, k, kept=kept) for k in range(paper.study.replications))
    stayed = np.array([run.tallies["visits"][:, 0] for run in runs]) / scenario.population.customers
    return stayed[:, 1:] @ (1.0 + discount) ** -np.arange(1, stayed.shape[1])
