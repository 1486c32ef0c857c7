"""Customers who buy by how long ago they bought last, letter by letter, until they are given up."""

import numpy as np

from abm import Refusal
from abm.value.migration import migration_value

SINCE = ("a period ago", "two periods ago", "three periods ago")
WRITTEN = ("one period", "two periods", "three periods")


def replicate(paper):
    """Return what each claim comes to, by replication."""
    chances = np.array(paper.settings["chances"])
    if chances.size != 4 or chances.min() < 0 or chances.max() > 1:
        raise Refusal(f"= {chances.tolist()} is not four chances from 0 to 1", place="paper.chances")
    if paper.settings["customers"] < 1 or paper.settings["discount"] < 0.0:
        raise Refusal("takes one customer at least, and a discount of 0 or more", place="paper.customers or discount")
    luck = [np.random.default_rng([paper.study.seed, k]) for k in range(paper.study.replications)]
    runs = [lives(paper, chances, one, 0) for one in luck]
    whole = np.array([worth for worth, _, _ in runs])
    since = {
        f"value of who bought {words}": np.array([lives(paper, chances, one, k)[0] for one in luck])
        for k, words in enumerate(SINCE, start=1)
    }
    shorter = {
        words: np.array([lives(paper, chances[: k + 1], one, 0)[0] for one in luck]) for k, words in enumerate(WRITTEN)
    }
    means = [*(values.mean() for values in shorter.values()), whole.mean()]
    return {
        "value of who has just bought, written to for four periods": whole,
        **since,
        **{f"value of who has just bought, written to for {words}": values for words, values in shorter.items()},
        "periods to write for that are worth most": 1 + int(np.argmax(means)),
        "value of who has just bought, worked out with chances seen in the log": np.array(
            [from_log(paper, asked, bought) for _, asked, bought in runs]
        ),
    }


def lives(paper, chances, luck, start):
    """Return the mean value of customers today, money, and of the log of all how many could buy and bought, by recency.

    chances : of buying, by periods since the last purchase, after which she is given up      start : of these, at first
    """
    own, last = paper.settings, chances.size
    state = np.full(own["customers"], start)  # `last` = given up
    asked, bought = np.zeros(last), np.zeros(last)
    worth = 0.0
    for t in range(own["periods"]):
        there = state < last
        earned = own["contribution"] * np.sum(state == 0) - own["letter"] * there.sum()
        worth += earned / (1.0 + own["discount"]) ** t
        buys = there & (luck.random(state.size) < chances[np.minimum(state, last - 1)])
        asked += np.bincount(state[there], minlength=last)
        bought += np.bincount(state[buys], minlength=last)
        state = np.where(buys, 0, np.minimum(state + 1, last))
    return worth / own["customers"], asked, bought


def from_log(paper, asked, bought):
    """Return the value of who has just bought, money, by the chances that were seen."""
    own = paper.settings
    seen = bought / np.maximum(asked, 1.0)
    return migration_value(own["contribution"], seen, own["discount"], contact_cost=own["letter"], first=0)
