"""Implausibility: which settings the targets rule out.   History matching.

Claim: settings x cannot have made the observation z when they lie further from it than all that is uncertain allows.

    I(x) = |z - E f(x)| / sqrt(V_obs + V_disc + V_sim(x)),   ruled out where max over targets of I(x) > 3

V_obs + V_disc : of the observation and of a model that is imperfect at its best; `Target.sd` squared
V_sim          : of E f(x), from finite replications, and where x was not run of the emulator
3              : a miss with any unimodal distribution lies within three standard deviations with probability > 0.95

Source: CRAIG_1997 for the strategy, VERNON_GOLDSTEIN_BOWER_2010 for measure and cut-off, PUKELSHEIM_1994 for the 3.
The second highest I instead of the highest forgives one target, whichever it is, that the model cannot meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from abm.study.calibration.emulator import Emulator, FloatArray
from abm.study.calibration.targets import Target
from abm.study.plan import sampling

CUTOFF = 3.0
SAMPLE = 2048  # points at which the space is looked at, in each round; a power of two
ENOUGH = 256  # points that are left, below which the last look is at CLOSER times as many
CLOSER = 8
ROUNDS = 8  # of looking closer at what is left, at most
MARGIN = 0.1  # share of its width that a box round what is left gets on each side, beside the distance between points
CLOSE = 0.8  # share of a box's volume: if the next box is larger than that, to look at it shows nothing more
_NEAREST = 64  # points that the box closes in on while nothing is left


def implausibility(mean: FloatArray, variance: FloatArray, targets: Sequence[Target]) -> FloatArray:
    """Return I (n, targets), with the sign of the miss, of moments (n, targets) with sampling variances likewise."""
    value = np.array([target.value for target in targets])
    own = np.array([target.sd for target in targets])
    return (mean - value) / np.sqrt(own**2 + variance)


def worst(each: FloatArray, forgiven: int) -> FloatArray:
    """Return of I (n, targets) the highest (n,), or the next one for each target that is forgiven.  NaN is infinite."""
    sizes = np.where(np.isnan(each), np.inf, np.abs(each))
    return np.sort(sizes, axis=1)[:, -1 - forgiven]


@dataclass(frozen=True)
class Region:
    """A close look at what is not ruled out of the unit cube.

    points    : (m, d) spread evenly over a box round it            sizes : (m,) their implausibility
    mean      : (m, targets) simulated values for the targets, by emulator
    low, high : (d,) ends of what is not ruled out; NaN if everything is ruled out
    share     : of the cube's volume that is not ruled out
    """

    points: FloatArray
    sizes: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    share: float

    @property
    def left(self) -> FloatArray:
        """(m,) whether a point is not ruled out."""
        return self.sizes <= CUTOFF


def region(
    emulators: Sequence[Emulator], targets: Sequence[Target], variance: FloatArray, run: FloatArray, forgiven: int
) -> Region:
    """Find what is not ruled out, by looking at the whole cube and then, round by round, closer at what is left.

    emulators : of the value for each target      variance : (targets,) of a mean over replications
    run       : (k, d) points that were run and are not ruled out; they belong to the region
    """
    low, high = np.zeros(run.shape[1]), np.ones(run.shape[1])
    for number in range(ROUNDS):
        look = _look(emulators, targets, variance, forgiven, low, high, SAMPLE)
        points, sizes, _ = look
        inside = np.vstack([points[sizes <= CUTOFF], run])
        ends = _ends(inside if len(inside) else points[np.argsort(sizes, kind="stable")[:_NEAREST]])
        margin = MARGIN * (ends[1] - ends[0]) + (high - low) * SAMPLE ** (-1.0 / len(low))
        box = np.maximum(ends[0] - margin, 0.0), np.minimum(ends[1] + margin, 1.0)
        if number + 1 == ROUNDS or np.prod(box[1] - box[0]) > CLOSE * np.prod(high - low):
            break
        low, high = box
    if len(inside) and (look[1] <= CUTOFF).sum() < ENOUGH:
        look = _look(emulators, targets, variance, forgiven, low, high, CLOSER * SAMPLE)
    points, sizes, mean = look
    inside = np.vstack([points[sizes <= CUTOFF], run])
    ends = _ends(inside) if len(inside) else (np.full(len(low), np.nan), np.full(len(low), np.nan))
    return Region(points, sizes, mean, *ends, float(np.prod(high - low) * (sizes <= CUTOFF).mean()))


def _look(
    emulators: Sequence[Emulator],
    targets: Sequence[Target],
    variance: FloatArray,
    forgiven: int,
    low: FloatArray,
    high: FloatArray,
    count: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return points spread over a box (count, d), their implausibility, and the simulated values for the targets."""
    points = low + (high - low) * sampling.sobol(count, len(low), 0)
    means, variances = [], []
    for part in np.split(points, count // SAMPLE):  # in parts, so that memory stays small
        mean, own = (np.column_stack(found) for found in zip(*(e.predict(part) for e in emulators), strict=True))
        means.append(mean)
        variances.append(own)
    mean = np.vstack(means)
    return points, worst(implausibility(mean, np.vstack(variances) + variance, targets), forgiven), mean


def _ends(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    return points.min(axis=0), points.max(axis=0)
