"""The pull of nearness is fitted to one published figure, and what stamps that are given do is foretold by it.

`rewards.gradient` is fitted so that visits just before the goal of a stamp card, against the same customers' in the
same weeks without one, are as much above those at its start as was published; all else is as in the market given.
"""

import numpy as np

from abm import Refusal
from abm.facts.laboratory import Laboratory
from abm.facts.programmes import endowed_progress, goal_gradient

NEAR, AFTER = "rate near the goal / at the start", "rate after the reward / near the goal"
COMPLETION = "completion, two given / none given"


def replicate(paper):
    """Return what each claim comes to, by replication."""
    own = paper.settings
    placebo = laboratory(paper, {f"rewards.{name}": value for name, value in own["placebo"].items()})
    fitted = laboratory(paper, {"rewards.gradient": gradient(paper)})
    found = goal_gradient(fitted)
    return {
        "visits just before the goal of a card / at its start, fitted": found[NEAR],
        "the same with nothing that depends on what has been earned": goal_gradient(placebo)[NEAR],
        "visits in the four weeks after the reward / just before the goal": found[AFTER],
        "full cards of ten with two given / of eight, when 19 % of these are full": endowed_progress(fitted)[
            COMPLETION
        ],
    }


def laboratory(paper, changes):
    """Return a market with some values changed, in which a card is launched after a year."""
    return Laboratory(paper.study.scenario.replace(changes), paper.study.replications, paper.study.seed)


def gradient(paper):
    """Return the gradient at which visits near the goal are as much above those at the start, between points tried."""
    tried, target = paper.settings["gradients"], paper.settings["faster"]
    if len(tried) < 2 or sorted(tried) != tried:
        raise Refusal(f"= {tried} is not two or more that rise", place="paper.gradients")
    found = [goal_gradient(laboratory(paper, {"rewards.gradient": one}))[NEAR].mean() for one in tried]
    if not min(found) <= target <= max(found):
        reached = f"{min(found):.4g} to {max(found):.4g}"
        raise Refusal(f"= {target:.4g} lies outside what these gradients reach, {reached}", place="paper.faster")
    return float(np.interp(target, found, tried))
