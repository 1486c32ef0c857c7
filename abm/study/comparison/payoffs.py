"""Payoffs of a game: best responses, equilibria and dominated strategies, with what luck leaves open.

Claim: a strategy is a best response to what the rivals do if no other pays the firm more; a profile is an equilibrium
in pure strategies if no firm gains by changing its own strategy alone, that is if each plays a best response to the
others; a strategy is dominated if another pays more whatever the rivals do. A game of two firms with two strategies
each has a mixed equilibrium if each can choose at random so that the other is indifferent.
Source: definitions (Nash 1951, Annals of Mathematics 54, from memory).

All firms live through the same luck in every profile, so differences are paired within replications. Their k intervals
hold together: each is Student's at confidence 1 - α / k (Bonferroni's inequality).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from abm.core.streams import stream_key
from abm.study.statistics.paired import interval
from abm.world.traits import drawn_traits

FloatArray = np.ndarray
RESAMPLES = 1_000  # of the bootstrap over replications
STREAM = "game.bootstrap"  # of random numbers, from which no market draws
SHOWN, REFUTED, UNDECIDED = "shown", "refuted", "undecided"


@dataclass(frozen=True, eq=False)
class Gains:
    """What a firm gains by playing one strategy in place of another, the rivals' strategies being what they are.

    values    : (s, s, q, R): of the first strategy in place of the second, by what the rivals do and replication;
                above 0 is better for the firm
    mean, low, high : (s, s, q): over replications, the intervals of the whole game together
    """

    values: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray

    @cached_property
    def same(self) -> FloatArray:
        """Whether two strategies pay the same in every replication (s, s, q) bool."""
        return (self.values == 0).all(axis=-1)

    def contenders(self, rivals: int) -> list[int]:
        """Return the strategies that may be best responses: none is shown to pay more."""
        beaten = (self.low[:, :, rivals] > 0).any(axis=0)
        return [int(one) for one in np.flatnonzero(~beaten)]

    def leader(self, rivals: int) -> int:
        """Return the strategy with the highest mean payoff, the first of equal ones."""
        return int(np.argmax(self.mean[:, :, rivals].min(axis=1)))

    def is_decided(self, rivals: int) -> bool:
        """Return whether the best response is known: one strategy, or several that pay exactly the same."""
        left = self.contenders(rivals)
        return bool(self.same[np.ix_(left, left, [rivals])].all())


def of_firm(values: FloatArray, firm: int) -> FloatArray:
    """Return a firm's payoffs (s, q, R): its own strategy, what the rivals do in order, replication.

    values : payoffs of all profiles, (s, …, s, m, R), an axis for the strategy of each of m firms
    """
    own = np.moveaxis(values[..., firm, :], firm, 0)
    return own.reshape(len(own), -1, own.shape[-1])


def of_rivals(count: int, firms: int) -> list[tuple[int, ...]]:
    """Return what the rivals of a firm may do, in the order of `of_firm`: the strategy of each, in the firms' order."""
    return list(np.ndindex(*(count,) * (firms - 1)))


def comparisons(count: int, firms: int) -> int:
    """Return how many differences a game has: pairs of a firm's strategies, by what its rivals do."""
    return firms * count ** (firms - 1) * (count * (count - 1) // 2)


def gains(values: FloatArray, sign: int, confidence: float) -> list[Gains]:
    """Return the gains of each firm, with intervals that hold for all firms together.

    values : (s, …, s, m, R), in the KPI's unit       sign : 1 = more is better, -1 = less is
    """
    count, firms = len(values), values.shape[-2]
    each = 1 - (1 - confidence) / comparisons(count, firms)
    return [_gains(sign * of_firm(values, firm), each) for firm in range(firms)]


def _gains(payoffs: FloatArray, confidence: float) -> Gains:
    differences = payoffs[:, None] - payoffs[None]
    mean, low, high = (np.zeros(differences.shape[:3]) for _ in range(3))
    for a, b, q in np.ndindex(*mean.shape):
        if a > b:
            mean[a, b, q], low[a, b, q], high[a, b, q], _ = interval(differences[a, b, q], confidence)
            mean[b, a, q], low[b, a, q], high[b, a, q] = -mean[a, b, q], -high[a, b, q], -low[a, b, q]
    return Gains(differences, mean, low, high)


def places(count: int, firms: int) -> Iterator[list[tuple[int, int]]]:
    """Yield for each profile, the last firm's strategy changing first, each firm's strategy and what its rivals do."""
    for profile in np.ndindex(*(count,) * firms):
        found = []
        for firm, own in enumerate(profile):
            others = (*profile[:firm], *profile[firm + 1 :])
            found.append((int(own), int(np.ravel_multi_index(others, (count,) * (firms - 1)))))
        yield found


def standing(found: list[Gains], place: list[tuple[int, int]]) -> str:
    """Return whether a profile is shown to be an equilibrium, or shown not to be one, or neither.

    A firm with another strategy that pays exactly the same gains nothing by it.
    """
    pairs = list(zip(found, place, strict=True))
    if any((one.low[:, own, rivals] > 0).any() for one, (own, rivals) in pairs):
        return REFUTED
    return SHOWN if all((one.high[:, own, rivals] <= 0).all() for one, (own, rivals) in pairs) else UNDECIDED


def equilibria(means: list[FloatArray]) -> FloatArray:
    """Return which profiles are equilibria (..., profiles) bool, by gains of each firm (..., s, s, q)."""
    count, firms = means[0].shape[-2], len(means)
    best = [np.asarray((one <= 0).all(axis=-3)) for one in means]  # (..., s, q): no other strategy pays more
    held = [
        np.logical_and.reduce([best[firm][..., own, rivals] for firm, (own, rivals) in enumerate(place)])
        for place in places(count, firms)
    ]
    return np.stack(held, axis=-1)


def stability(found: list[Gains], seed: int, resamples: int = RESAMPLES) -> FloatArray:
    """Return in which share of bootstrap samples of the replications each profile is an equilibrium (profiles,).

    Resample b takes as its r-th replication the one of number ⌊u R⌋, u the first uniform number of the stream
    "game.bootstrap" under `seed` at the address of the customer b R + r in replication 0. NaN below 2 replications.
    Source: percentile bootstrap over independent replications, definition.
    """
    count = found[0].values.shape[-1]
    profiles = found[0].mean.shape[0] ** len(found)
    if count < 2:
        return np.full(profiles, np.nan)
    weights = _weights(count, resamples, seed)
    means = [np.moveaxis(one.values @ weights, -1, 0) for one in found]
    return np.asarray(equilibria(means).mean(axis=0))


def _weights(count: int, resamples: int, seed: int) -> FloatArray:
    """Return how often each resample has each replication (R, resamples), over R."""
    address = np.arange(resamples * count)
    number = np.empty(len(address), np.int64)
    for rows, luck in drawn_traits(address, stream_key(seed, STREAM), 0):
        number[rows] = np.floor(luck[0].astype(np.float64) * count)
    weights = np.zeros((count, resamples))
    np.add.at(weights, (number, address // count), 1.0 / count)
    return weights


def dominating(one: Gains, strategy: int) -> int | None:
    """Return the strategy that pays more than another by the means, whatever the rivals do; None if there is none.

    Of several it is the one that gains most where it gains least.
    """
    least = one.mean[:, strategy].min(axis=-1)
    best = int(np.argmax(least))
    return best if least[best] > 0 else None


def mixed(means: FloatArray) -> tuple[float, float] | None:
    """Return with which probability each of two firms plays its first strategy in the mixed equilibrium.

    means : payoffs of a game of two firms with two strategies each, (2, 2, 2): strategy of either, firm

    Claim: firm 1 plays its first strategy with p = (b11 - b10) / (b00 - b10 - b01 + b11), b_kl what firm 2 is paid
    where firm 1 plays k and firm 2 plays l, so that both strategies of firm 2 pay the same; and the other way round.
    None if a probability does not lie inside (0, 1): the game has no equilibrium in which both choose at random.
    """
    first, second = means[..., 0], means[..., 1]
    own, other = _indifferent(second), _indifferent(first.T)
    return (own, other) if 0 < own < 1 and 0 < other < 1 else None


def _indifferent(payoffs: FloatArray) -> float:
    """Return the probability of the first row at which both columns pay the same; NaN if they always or never do."""
    slope = payoffs[0, 0] - payoffs[1, 0] - payoffs[0, 1] + payoffs[1, 1]
    return float((payoffs[1, 1] - payoffs[1, 0]) / slope) if slope else np.nan
