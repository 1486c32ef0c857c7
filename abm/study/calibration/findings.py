"""What a calibration found: the best settings, how well they fit, and what the targets leave open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from abm.core.shown import in_notebook
from abm.scenario.scenario import Scenario
from abm.study.calibration import words
from abm.study.calibration.implausibility import CUTOFF, implausibility
from abm.study.calibration.journal import Trial
from abm.study.calibration.moments import Moments
from abm.study.calibration.targets import Target
from abm.study.calibration.waves import Wave, losses
from abm.study.plan.experiment import Experiment

CONFIDENCE = 0.95
TIED = 0.9  # correlation over what is not ruled out, from which two factors make up for each other
WIDE = 0.1  # share of its range that is left of one of them at least: narrower ones are known anyway


@dataclass(frozen=True)
class Calibration:
    """What a calibration found: the best settings, and what the targets do not rule out.

    study    : the experiment that every trial is a point of; its design is the evenly spread trials
    ranges   : scenario path -> (low, high)        targets  : with the firm and arm that each is about
    trials   : in order                            best_trial : the one of least loss
    fresh    : simulated values of the best one, with luck that it was not chosen by
    forgiven : targets that settings may miss without being ruled out
    """

    study: Experiment
    ranges: dict[str, tuple[Any, Any]]
    targets: tuple[Target, ...]
    trials: tuple[Trial, ...]
    best_trial: Trial
    fresh: Moments
    forgiven: int = 0

    _repr_html_ = in_notebook

    def __repr__(self) -> str:
        return f"<Calibration of {self.study.name}: {self.statement}>"

    @property
    def best(self) -> dict[str, Any]:
        """The settings of least loss, {path: value}."""
        return dict(self.best_trial.settings)

    @property
    def scenario(self) -> Scenario:
        """The calibrated scenario."""
        return self.study.scenario.replace(self.best)

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per trial: trial, stage, factors, loss, implausibility, ruled_out, problem, and each target's value.

        stage : "even" (spread over the space) or "search"
        """
        even = len(self.study.design.index)
        columns: dict[str, Any] = {
            "trial": [trial.number for trial in self.trials],
            "stage": ["even" if trial.number < even else "search" for trial in self.trials],
        }
        columns |= {path: [trial.settings[path] for trial in self.trials] for path in self.ranges}
        sizes = self._wave.sizes
        columns |= {"loss": losses(self.trials, self.targets), "implausibility": sizes, "ruled_out": sizes > CUTOFF}
        columns["problem"] = [trial.problem for trial in self.trials]
        return pd.DataFrame(columns | {aim.label: self._wave.mean[:, k] for k, aim in enumerate(self.targets)})

    @property
    def plausible(self) -> pd.DataFrame:
        """The rows of `table` that the targets do not rule out."""
        return self.table[~self.table["ruled_out"]]

    @cached_property
    def fit(self) -> pd.DataFrame:
        """A row per target: target, value, tolerance, ours, low, high, z, met, held_out, locator.

        ours, low, high : of the best settings, with luck they were not chosen by; a mean and its 95 % interval
        z               : ours - value over the standard deviation of all that is uncertain
        met             : whether ours misses the value by no more than the tolerance
        """
        low, high = self.fresh.interval(CONFIDENCE)
        ours = self.fresh.mean[0]
        miss = np.abs(ours - [target.value for target in self.targets])
        columns: dict[str, Any] = {
            name: [getattr(target, name) for target in self.targets]
            for name in ("label", "kpi", "value", "tolerance", "held_out", "locator")
        }
        columns |= {"ours": ours, "low": low[0], "high": high[0], "met": miss <= columns["tolerance"]}
        columns["z"] = implausibility(self.fresh.mean, self.fresh.variance, self.targets)[0]
        order = ["label", "kpi", "value", "tolerance", "ours", "low", "high", "z", "met", "held_out", "locator"]
        return pd.DataFrame(columns)[order].rename(columns={"label": "target"})

    @cached_property
    def identified(self) -> pd.DataFrame:
        """A row per factor: factor, best, low, high (not ruled out), lowest, highest (searched), width, verdict.

        best    : of least loss; where that is ruled out itself (`best_is_ruled_out`), it may lie beyond low and high
        width   : from low to high, as a share of the range searched
        verdict : "identified", "bounded below", "bounded above", "not identified" or "ruled out"
        """
        rows, region = [], self._wave.region
        for k, (path, ends) in enumerate(self.ranges.items()):
            low, high = float(region.low[k]), float(region.high[k])
            found = [ends[0] + side * (ends[1] - ends[0]) for side in (low, high)]
            if isinstance(ends[0], int) and math.isfinite(low):
                found = [round(side) for side in found]
            rows.append((path, self.best[path], *found, *ends, high - low, _verdict(low, high)))
        return pd.DataFrame(rows, columns=["factor", "best", "low", "high", "lowest", "highest", "width", "verdict"])

    @property
    def best_is_ruled_out(self) -> bool:
        """Whether the settings of least loss are ruled out themselves, so that nothing says that they are near."""
        return bool(self._wave.sizes[self.trials.index(self.best_trial)] > CUTOFF)

    @cached_property
    def region(self) -> pd.DataFrame:
        """Settings, spread evenly over what is not ruled out, with their implausibility by the emulator."""
        region = self._wave.region
        low, high = np.array(list(self.ranges.values()), float).T
        found = pd.DataFrame(low + region.points[region.left] * (high - low), columns=list(self.ranges))
        return found.assign(implausibility=region.sizes[region.left])

    @property
    def share(self) -> float:
        """How much of the space searched is not ruled out: a share of its volume."""
        return self._wave.region.share

    @property
    def tied(self) -> list[tuple[str, str, float]]:
        """Pairs of factors that make up for each other, with their correlation over what is not ruled out."""
        if len(self.region) < words.FEW:
            return []
        strength, width = self.region[list(self.ranges)].corr(), self.identified.set_index("factor")["width"]
        pairs = [(one, other, float(strength.loc[one, other])) for one, other in combinations(self.ranges, 2)]
        return [pair for pair in pairs if abs(pair[2]) >= TIED and max(width[pair[0]], width[pair[1]]) >= WIDE]

    @property
    def notes(self) -> tuple[str, ...]:
        """What to keep in mind: too many factors, nothing held out, ends of ranges, factors that are tied."""
        return tuple(words.notes(self))

    @property
    def statement(self) -> str:
        """What was found, in a few plain sentences."""
        return " ".join(words.sentences(self))

    @cached_property
    def _wave(self) -> Wave:
        return Wave(self.trials, self.ranges, self.targets, len(self.study.design.index), self.forgiven)


def _verdict(low: float, high: float) -> str:
    if not math.isfinite(low):
        return "ruled out"
    open_below, open_above = low <= words.AT_THE_END, high >= 1 - words.AT_THE_END
    if open_below and open_above:
        return "not identified"
    return "bounded above" if open_below else "bounded below" if open_above else "identified"
