"""Matching: trial runs that find the values that arms leave open (plan/matches.py).

All open arms are tried side by side, each in the study's own first replications: a trial is runs of the arm as it would
be with that value, so that the runs of the value that is found are runs of the study. With several points of a design
an arm is matched at their mean.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from abm.core.errors import Refusal
from abm.study.plan import checks
from abm.study.plan.arms import MATCH, with_setting
from abm.study.plan.experiment import Experiment
from abm.study.plan.matches import MatchedArm, limits, present_value, rise
from abm.study.running.search import NotFound, Search, around, between, rounded
from abm.study.statistics.paired import balanced
from abm.study.storage.results import Results

Do = Callable[[Experiment, np.ndarray], Results]

MOST_TRIALS = 60  # of an arm
USUAL_TRIALS = 4  # of an arm: 2 to 5 in the studies that come with the toolkit


class _Trials:
    """The trials of one arm: the value to try next, and what came of those before."""

    def __init__(self, study: Experiment, arm: str) -> None:
        self.study, self.arm, self.match = study, arm, study.matches[arm]
        self.settings = {path: value for path, value in study.arms[arm].items() if path != MATCH}
        self.against = self.match.against or checks.baseline(study.baseline, study.arms)
        self.firm = self.match.firm or study.scenario.firms[0].name
        self.found: MatchedArm | None = None
        self._reached: dict[float, float] = {}
        self._search = self._begin()
        self.value = next(self._search)

    def _begin(self) -> Search:
        match, place = self.match, (self.study.scenario, self.arm, self.settings, self.match.by)
        if match.between:
            return between(rounded(match.between[0]), rounded(match.between[1]), match.tolerance)
        return around(rounded(present_value(*place)), *limits(*place), match.tolerance)

    @property
    def tried(self) -> dict[str, object]:
        """The arm's settings with the value to try, or the one found."""
        return with_setting(self.study.scenario, self.arm, self.settings, self.match.by, self.value)

    def take(self, results: Results) -> None:
        """Learn from the results of a trial.  Raises Refusal if the target cannot be reached."""
        reached, scale = self._measured(results)
        self._reached[self.value] = reached
        gap = (reached - self.match.plus) / scale
        try:
            self.value = self._search.send(gap)
        except StopIteration:
            self.found = self._as_found(reached, scale)
        except NotFound as ends:
            self._take_nearer(ends.low, ends.high, scale)
        else:
            if len(self._reached) >= MOST_TRIALS:
                self._refuse(min(self._reached), max(self._reached))

    def _measured(self, results: Results) -> tuple[float, float]:
        """Return by how much the KPI is higher than in the other arm, and what the tolerance is a share of."""
        match = self.match
        names = [(kpi, arm) for arm in (self.arm, self.against) for kpi in (match.kpi, match.of) if kpi]
        blocks = [results.block(kpi, arm, self.firm)[:, : match.replications] for kpi, arm in names]
        used = balanced(blocks)
        means = [float(block[used].mean()) if used.any() else np.nan for block in blocks]
        with np.errstate(divide="ignore", invalid="ignore"):
            mine, other = np.divide(means[::2], means[1::2]) if match.of else means
        if not np.isfinite([mine, other]).all():
            what = f"{match.kpi}{f' per {match.of}' if match.of else ''} of {self.firm}"
            raise self._refusal(f"{what} has no value at {match.by} = {self.value:g}")
        return float(mine - other), abs(match.plus) or abs(float(other)) or 1.0

    def _as_found(self, reached: float, scale: float) -> MatchedArm:
        match = self.match
        return MatchedArm(
            self.arm, match.by, self.value, match.kpi, match.of, self.firm, self.against, reached, match.plus,
            match.tolerance * scale, len(self._reached), match.replications,
        )  # fmt: skip

    def _take_nearer(self, low: float, high: float, scale: float) -> None:
        """Take the nearer of two values between which the KPI jumps over the target; refuse if it does not."""
        gaps = {value: self._reached[value] - self.match.plus for value in (low, high)}
        if gaps[low] * gaps[high] > 0:
            self._refuse(low, high)
        self.value = min(gaps, key=lambda value: abs(gaps[value]))
        self.found = self._as_found(self._reached[self.value], scale)
        match = self.match
        reached, wanted = (rise(match.kpi, match.of, by) for by in (self.found.reached, match.plus))
        warnings.warn(
            f"arms.{self.arm}.{MATCH}: {match.by} = {self.value:g} {reached}, not: {wanted}, as the KPI jumps there; "
            "more customers or replications of the match make smaller steps",
            stacklevel=2,
        )

    def _refuse(self, low: float, high: float) -> None:
        match = self.match
        ends = [f"{value:g} {rise(match.kpi, match.of, self._reached[value])}" for value in (low, high)]
        wanted = rise(match.kpi, match.of, match.plus)
        advice = "change plus, look elsewhere (between), or match by another lever"
        raise self._refusal(f"no value found that {wanted}: {match.by} = {' and '.join(ends)}; {advice}")

    def _refusal(self, message: str) -> Refusal:
        return Refusal(message, place=f"arms.{self.arm}.{MATCH}")


def solved(experiment: Experiment, do: Do) -> Experiment:
    """Return the experiment with the values that its arms leave open as ordinary settings, and what was found.

    do : does the runs of an experiment at some indices of its run sheet that are not stored, and returns the results

    Raises Refusal for a target that cannot be reached and for trial runs that fail.
    """
    arms = [_Trials(experiment, arm) for arm in experiment.matches]
    replications = max(one.match.replications for one in arms)
    while still_open := [one for one in arms if not one.found]:
        study = _with_values(experiment, arms, replications=replications)
        results = do(study, _runs(study, still_open))
        _refuse_failed(results, still_open)
        for one in still_open:
            one.take(results)
    found = tuple(one.found for one in arms if one.found)
    return _with_values(experiment, arms, matched=found)


def trial_runs(experiment: Experiment) -> int:
    """Return about how many runs find the values that arms leave open, besides runs of the study itself."""
    replications = [one.replications for one in experiment.matches.values()]
    others = (USUAL_TRIALS - 1) * sum(replications)  # of values that are not taken
    beyond = sum(max(0, number - experiment.replications) for number in replications)
    return (others + beyond) * len(experiment.design)


def _with_values(experiment: Experiment, arms: Sequence[_Trials], **changes: object) -> Experiment:
    """Return the experiment with the present values of its open arms as ordinary settings."""
    return experiment.replace(arms=experiment.arms | {one.arm: one.tried for one in arms}, **changes)


def _runs(study: Experiment, arms: Sequence[_Trials]) -> np.ndarray:
    """Return the indices in the run sheet of the runs that a trial takes, ascending."""
    names, points = list(study.arms), len(study.design)
    wanted = [
        np.arange(one.match.replications * points) * len(names) + names.index(arm)
        for one in arms
        for arm in (one.arm, one.against)
    ]
    return np.unique(np.concatenate(wanted))


def _refuse_failed(results: Results, arms: Sequence[_Trials]) -> None:
    """Refuse to learn from runs that failed: with them another value might be found."""
    for one in arms:
        failed = results.failed
        failed = failed[failed["arm"].isin([one.arm, one.against]) & (failed["replication"] < one.match.replications)]
        if len(failed):
            first = failed.iloc[0]
            raise Refusal(
                f"trial run failed (arm '{first['arm']}', replication {first['replication']}) with {first['error']}: "
                f"{first['message']}",
                place=f"arms.{one.arm}.{MATCH}",
            )
