"""Stories that customers of a market tell, where more or less goes wrong."""

import numpy as np

from abm.engine.kept import Kept
from abm.engine.recording import record


def replicate(paper):
    """Return what each claim comes to, by replication."""
    found = {name: good_to_bad(paper, rate) for name, rate in paper.settings["failing"].items()}
    return {
        "good stories / bad ones, one visit in twenty fails (the market was set up by it)": found["set_up"],
        "the same, one visit in ten fails (unseen)": found["unseen"],
        "the same, one visit in fifty fails (unseen)": found["seldom"],
        "the same, one visit in five fails (unseen)": found["often"],
    }


def good_to_bad(paper, rate):
    """Return good stories told of all firms for each bad one (replications,), after the burn-in."""
    base = paper.study.scenario
    scenario = base.replace({f"firms.{firm.name}.service.failure_rate": rate for firm in base.firms})
    found, kept = [], Kept()
    for replication in range(paper.study.replications):
        tallies = record(scenario, paper.study.seed, replication, kept=kept).tallies
        good, bad = (tallies[name][scenario.burn_in :].sum() for name in ("positive_messages", "negative_messages"))
        found.append(good / bad)
    return np.array(found)
