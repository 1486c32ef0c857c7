"""Calibrations of a model that is a formula: no runs, no luck, and an answer that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from abm.scenario.scenario import Scenario
from abm.study.calibration.findings import Calibration
from abm.study.calibration.journal import Trial
from abm.study.calibration.moments import Moments
from abm.study.calibration.plan import planned
from abm.study.calibration.targets import Target
from abm.study.calibration.waves import Wave, losses

A, B = "switching_cost.switching_weight", "trust.growth"
RANGES = {A: (0.0, 10.0), B: (0.0, 1.0)}
BOTH = [Target("csi", 4.0, 0.3), Target("trust", 0.5, 0.05)]


def found(
    world: Scenario,
    model: Callable[..., Sequence[float]],
    targets: Sequence[Target],
    ranges: Mapping[str, tuple[Any, Any]] = RANGES,
    waves: int = 1,
    fresh: Sequence[float] | None = None,
    forgiven: int = 0,
) -> Calibration:
    """Return the calibration of a formula: evenly spread trials and a few waves, without luck."""
    plan = planned(world, ranges, targets, forgiven=forgiven)

    def trial(number: int, settings: dict[str, Any]) -> Trial:
        mean = tuple(map(float, model(*settings.values())))
        if np.isnan(mean).any():
            return Trial(number, settings, (), (), "no value for csi of north")
        return Trial(number, settings, mean, (1e-8,) * len(mean))

    trials = [trial(number, settings) for number, settings in enumerate(plan.even)]
    for _ in range(waves):
        wave = Wave(trials, plan.ranges, plan.targets, len(plan.even), forgiven)
        trials += [trial(len(trials) + k, settings) for k, settings in enumerate(wave.next(4))]
    best = trials[int(np.argmin(losses(trials, plan.targets)))]
    mean = np.array([best.mean if fresh is None else fresh])
    return Calibration(
        plan.study,
        plan.ranges,
        plan.targets,
        tuple(trials),
        best,
        Moments(mean, np.full(mean.shape, 1e-4), 5),
        forgiven,
    )
