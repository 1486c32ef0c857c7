"""Waves: what the trials so far rule out of the whole space, and settings to try in what is left.

An emulator of each target's moment is fitted to the trials and says how implausible settings are that were not tried.
The next wave is spread over what is not ruled out, so that the emulators get better where it matters.
Source: CRAIG_1997 and VERNON_GOLDSTEIN_BOWER_2010, who cut the space down wave by wave ("refocussing").
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from abm.study.calibration import implausibility as match
from abm.study.calibration.emulator import FloatArray, fitted
from abm.study.calibration.journal import Trial
from abm.study.calibration.targets import Target

MOST_EMULATED = 100  # trials: of more, the first, which are spread evenly, and those closest to the targets
DIGITS = 6  # decimals, in units of the range, to which a proposed setting is rounded
_NEAREST = 10  # trials at least, and a quarter of them, whose luck stands for that near the targets

Ranges = Mapping[str, tuple[Any, Any]]


def fewest(factors: int) -> int:
    """Return how many trials an emulator takes at the least."""
    return 2 * (factors + 2)


def losses(trials: Sequence[Trial], targets: Sequence[Target]) -> list[float]:
    """Return each trial's loss: the sum over targets to meet of weight x (miss / sd)^2; inf for one with a problem."""
    return [math.inf if t.problem else float(_loss(np.array([t.mean]), targets)[0]) for t in trials]


def _loss(mean: FloatArray, targets: Sequence[Target]) -> FloatArray:
    """Return the loss (n,) of moments (n, targets)."""
    weight = np.array([0.0 if target.held_out else target.weight for target in targets])
    value, sd = (np.array([getattr(target, name) for target in targets]) for name in ("value", "sd"))
    return (weight * ((mean - value) / sd) ** 2).sum(axis=1)


@dataclass(frozen=True)
class Wave:
    """What trials say of the whole space.

    even : how many of the first trials are spread evenly        forgiven : targets that need not be met
    """

    trials: Sequence[Trial]
    ranges: Ranges
    targets: Sequence[Target]
    even: int
    forgiven: int

    @cached_property
    def mean(self) -> FloatArray:
        """(trials, targets) the simulated value of each trial for each target; NaN for one with a problem."""
        return self._numbers("mean")

    @cached_property
    def sizes(self) -> FloatArray:
        """(trials,) implausibility of each trial, over the targets that are not held out."""
        each = match.implausibility(self.mean[:, self._aims], self._numbers("variance")[:, self._aims], self._fitted)
        return match.worst(each, self.forgiven)

    @cached_property
    def region(self) -> match.Region:
        """What is left, by emulators of the trials that have numbers: `fewest` or more."""
        order = np.lexsort((np.arange(len(self.sizes)), self.sizes))
        sound = [k for k in order if not self.trials[k].problem]
        used = sorted(sound, key=lambda k: k >= self.even)[:MOST_EMULATED]
        nearest = sound[: max(_NEAREST, len(sound) // 4)]
        luck = self._numbers("variance")[nearest][:, self._aims].mean(axis=0)
        emulators = [fitted(self._positions[used], self.mean[used, k]) for k in self._aims]
        run = self._positions[self.sizes <= match.CUTOFF]
        return match.region(emulators, self._fitted, luck, run, self.forgiven)

    def next(self, count: int) -> list[dict[str, Any]]:
        """Return settings to try: those of least loss by the emulators, and others of what is left, far from all tried.

        Where nothing is left they are the least implausible ones.
        """
        found = self.region
        best = int(np.argmin(_loss(found.mean, self._fitted)))
        if found.left.any():
            points = found.points[found.left]
            width = np.maximum(np.ptp(points, axis=0), 1e-12)
            tried = np.vstack([self._positions, found.points[best]])
            others = points[_apart(points / width, tried / width, count - 1)]
        else:
            others = found.points[np.argsort(found.sizes, kind="stable")[: count - 1]]
        return [self.settings(position) for position in (found.points[best], *others)]

    def settings(self, position: FloatArray) -> dict[str, Any]:
        """Return the settings at a position (factors,) in the unit cube, to so many digits of their ranges."""
        return {path: _rounded(ends, part) for (path, ends), part in zip(self.ranges.items(), position, strict=True)}

    @property
    def _aims(self) -> list[int]:
        return [k for k, target in enumerate(self.targets) if not target.held_out]

    @property
    def _fitted(self) -> list[Target]:
        return [target for target in self.targets if not target.held_out]

    def _numbers(self, name: str) -> FloatArray:
        nothing = (math.nan,) * len(self.targets)
        return np.array([getattr(trial, name) or nothing for trial in self.trials])

    @cached_property
    def _positions(self) -> FloatArray:
        """(trials, factors) settings as positions in their ranges, from 0 to 1."""
        ends = self.ranges.items()
        return np.array([[(t.settings[path] - low) / (high - low) for path, (low, high) in ends] for t in self.trials])


def _apart(points: FloatArray, tried: FloatArray, count: int) -> list[int]:
    """Return which points to try, each as far as can be from all tried and chosen before."""
    gap = np.full(len(points), np.inf)
    chosen: list[int] = []
    for position in tried:
        gap = np.minimum(gap, ((points - position) ** 2).sum(axis=1))
    for _ in range(min(count, len(points))):
        chosen.append(int(np.argmax(gap)))
        gap = np.minimum(gap, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return chosen


def _rounded(ends: tuple[Any, Any], position: float) -> Any:
    low, high = ends
    value = low + float(position) * (high - low)
    if isinstance(low, int):
        return min(max(round(value), low), high)
    return min(max(round(value, DIGITS - math.ceil(math.log10(high - low))), low), high)
