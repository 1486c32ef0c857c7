"""The pull of nearness is fitted to one published figure, and what stamps that are given do is foretold by it.

`rewards.gradient` is fitted so that visits just before the goal of a stamp card, against the same customers' in the
same weeks without one, are as much above those at its start as was published; all else is as in the market given.
Beside it stands what giving cards up would do: in each week a holder gives hers up with a chance in proportion to the
way that remains, so large that of cards of eight as many are filled in time as were.
"""

import numpy as np
from scipy.optimize import brentq

from abm import Refusal
from abm.facts.laboratory import Laboratory
from abm.facts.programmes import endowed_progress, goal_gradient, stamps_held
from abm.mechanisms.loyalty.program import stamp_card

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
        "the same after nine months, if cards are given up": given_up(fitted, own["weeks"], own["plain"]),
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


def given_up(lab, weeks, plain):
    """Return cards of ten filled, two given, to cards of eight, by replication, if `plain` of the latter are filled."""
    logs = [
        lab.logs(launched={"program": stamp_card(enrolment="automatic", goal=goal, endowment=given)})
        for goal, given in ((8.0, 0.0), (10.0, 2.0))
    ]
    return np.array([_ratio(*pair, slice(lab.launch, lab.launch + weeks), plain) for pair in zip(*logs, strict=True)])


def _ratio(eight, ten, when, plain):
    cards = [stamps_held(log, when.start, 8, 0)[when] for log in (eight, ten)]
    if (cards[0][-1] < 0).sum() <= plain * (cards[0] != 0).any(axis=0).sum():
        raise Refusal(f"= {plain:.4g}: no more cards are filled in {len(cards[0])} weeks", place="paper.plain")
    rate = brentq(lambda chance: filled(cards[0], 0, chance) - plain, 0.0, 1.0)
    return filled(cards[1], 2, rate) / filled(cards[0], 0, rate)


def filled(stamps, given, chance):
    """Return the share of holders who are expected to fill a card in time.

    stamps : earned by the start of each week (weeks, people); -1 = eight. Who has come once holds a card.
    chance : of giving a card up in a week, when the whole way remains
    """
    remaining = np.where(stamps > 0, (8 - stamps) / (8 + given), 0.0)
    kept = np.prod(1.0 - chance * remaining, axis=0)
    return float((kept * (stamps[-1] < 0)).sum() / (stamps != 0).any(axis=0).sum())
