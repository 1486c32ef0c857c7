"""Macro-replications: whole races on observations of known distributions, for which the right answer is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from abm.study.comparison.selection import Race, against_best, select

Draw = Callable[[np.random.Generator, int, int], np.ndarray]
BLOCK = 4  # arms that are negatively correlated with each other: -0.3 is no correlation that many arms can all have


@dataclass(frozen=True)
class Outcome:
    """Of how many races the selected arm was right, all intervals covered, and observations on average."""

    right: int
    covered: int
    observations: float


@dataclass(frozen=True)
class Case:
    """Observations of k arms: means in units of the zone, standard deviations, and how a replication is drawn.

    means, deviations : k -> (k,); arm 0 is the best       draw : (generator, arms, replications), mean 0, variance 1
    """

    means: Callable[[int], np.ndarray]
    deviations: Callable[[int], np.ndarray] = np.ones
    draw: Draw = lambda luck, k, r: luck.standard_normal((k, r))

    def races(self, arms: int, number: int, zone: float, seed: int = 1) -> Outcome:
        """Hold races of arms in a random order.  An arm is right if it is less than a zone behind the best."""
        luck = np.random.default_rng([seed, arms, number])
        right = covered = observations = 0
        for _ in range(number):
            order = luck.permutation(arms)
            means, deviations = zone * self.means(arms)[order], self.deviations(arms)[order]

            def observe(racing, first, last, means=means, deviations=deviations):
                noise = self.draw(luck, arms, last - first)
                return (means[:, None] + deviations[:, None] * noise)[racing]

            race = select(observe, Race(arms, zone))
            right += means[race.racing[0]] > means.max() - zone * (1 - 1e-9)
            others = np.array([np.delete(means, arm).max() for arm in range(arms)])
            _, low, high = against_best(race)
            covered += np.all((low <= means - others + 1e-12) & (means - others <= high + 1e-12))
            observations += race.taken.sum()
        return Outcome(int(right), int(covered), observations / number)


def _ahead(best: int) -> Callable[[int], np.ndarray]:
    """Return means of which the first `best` are a zone ahead of the others."""
    return lambda arms: np.where(np.arange(arms) < best, 1.0, 0.0)


def _noisy(first: float, others: float) -> Callable[[int], np.ndarray]:
    return lambda arms: np.where(np.arange(arms) == 0, first, others)


def _sharing(correlation: float) -> Draw:
    """Draw normal observations that all have the same correlation, 0 or more."""

    def draw(luck, arms, replications):
        own, common = luck.standard_normal((arms, replications)), luck.standard_normal(replications)
        return np.sqrt(1 - correlation) * own + np.sqrt(correlation) * common

    return draw


def _opposed(correlation: float) -> Draw:
    """Draw normal observations of a negative correlation within blocks of arms."""
    root = np.linalg.cholesky(np.full((BLOCK, BLOCK), correlation) + (1 - correlation) * np.eye(BLOCK))

    def draw(luck, arms, replications):
        blocks = -(-arms // BLOCK)
        noise = np.einsum("ij,bjr->bir", root, luck.standard_normal((blocks, BLOCK, replications)))
        return noise.reshape(-1, replications)[:arms]

    return draw


def _exponential(luck, arms, replications):
    return luck.exponential(size=(arms, replications)) - 1


CASES = {
    "slippage": Case(_ahead(1)),  # the hardest: all others exactly a zone behind
    "ties": Case(_ahead(2)),
    "staircase": Case(lambda arms: -0.6 * np.arange(arms)),
    "skewed": Case(_ahead(1), draw=_exponential),
    "noisy_best": Case(_ahead(1), _noisy(3.0, 1.0)),
    "noisy_others": Case(_ahead(1), _noisy(1.0, 3.0)),
    "correlated": Case(_ahead(1), draw=_sharing(0.9)),
    "opposed": Case(_ahead(1), draw=_opposed(-0.3)),
}
