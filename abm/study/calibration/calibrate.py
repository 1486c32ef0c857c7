"""Calibration: find the parameters with which a market shows what is known of it.

Settings are tried in batches of a fixed size: first points spread evenly over the space, then, from all batches before,
half of them what Optuna's tree-structured Parzen estimator proposes and half a wave over what is not ruled out. Every
trial meets the same luck, so that the loss is as smooth a function of the settings as the model is. The loss is the sum
over targets of weight x (miss / sd)^2.

The same call goes on where it was stopped, with the answer of a search that never was: what is tried depends on the
trials before alone, never on workers, time, or how many trials were asked for.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Refusal
from abm.scenario.scenario import Scenario
from abm.study.calibration.findings import Calibration
from abm.study.calibration.journal import Journal, Trial, propose
from abm.study.calibration.moments import Moments, moments
from abm.study.calibration.plan import TRIALS, Factors, Plan, planned
from abm.study.calibration.waves import Wave, fewest, losses
from abm.study.plan.design import Design
from abm.study.plan.experiment import Experiment
from abm.study.provenance.digest import canonical, digest, plain
from abm.study.running.cluster_connection import shared_connection
from abm.study.running.interrupts import Interrupted, Terminated, terminable
from abm.study.running.progress import in_notebook
from abm.study.running.runner import Progress, run
from abm.study.storage.results import Results
from abm.study.storage.store import Segments

BATCH = 8  # trials that are proposed together
FRESH = "fresh_luck"  # in a results folder: the best settings again, with luck they were not chosen by


def calibrate(
    world: Scenario | Experiment,
    factors: Factors | None = None,
    targets: Any = (),
    *,
    replications: int | None = None,
    trials: int = TRIALS,
    seed: int | None = None,
    forgiven: int = 0,
    store: Path | str | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
) -> Calibration:
    """Find the parameters with which a market meets targets, how surely each is known, and what is ruled out.

    world        : a scenario, or an experiment whose arms the targets may name
    factors      : scenario path -> (low, high); None or "spec" in its place, or a list of paths = the bounds of the
                   parameter; left out = the factors of the experiment's design, from lowest to highest level
    targets      : Target values, a table {kpi: (value, tolerance)}, or the path of a `targets.csv`
    replications : draws of luck, the same for every trial; left out = the experiment's, or 10
    trials       : settings that are tried
    seed         : decides luck and what is tried; left out = the experiment's, or 1
    forgiven     : targets that settings may miss without being ruled out (0 or 1 is usual)
    store        : folder of runs and trials, with which the same call goes on; None = kept in memory only
    workers, threads, progress, cluster : as of `abm.run`; progress counts runs, also those of trials done before

    Raises Refusal for input that cannot be used and when Optuna is not installed; Interrupted on Ctrl-C and SIGTERM.
    """
    plan = planned(world, factors, targets, replications=replications, trials=trials, seed=seed, forgiven=forgiven)
    return carried_out(plan, store, workers, threads, progress, cluster)


def carried_out(
    plan: Plan,
    store: Path | str | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
    command: str = "abm.calibrate",
) -> Calibration:
    """Do the trials of a plan that are not stored yet, and return what was found; arguments as of `calibrate`.

    command : what the manifest says the runs were asked for with

    Raises what `calibrate` raises once it has a plan.
    """
    with terminable(), shared_connection(cluster) as connection:
        options = {"workers": workers, "threads": threads, "cluster": connection, "command": command}
        search = _Search(plan, None if store is None else Path(store), options, progress or in_notebook())
        try:
            search.go()
            found = search.found[: plan.trials]
            best = found[int(np.argmin(losses(found, plan.targets)))]
            fresh = search.fresh(best)
        except KeyboardInterrupt as stop:
            raise search.interrupted(stop) from None
    return Calibration(plan.study, plan.ranges, plan.targets, tuple(found), best, fresh, plan.forgiven)


class _Search:
    """The trials of a calibration, and how far they are.

    found : the trials so far
    """

    def __init__(self, plan: Plan, folder: Path | None, options: dict[str, Any], progress: Progress | None) -> None:
        self.plan, self.folder, self._options, self._progress = plan, folder, options, progress
        self._even = plan.even
        self._journal = Journal(folder, self._name(), plan.ranges)
        self.found = self._journal.trials()
        self._began, self._at_start, self._failed = time.monotonic(), len(self.found), 0
        self._latest = Results(plan.study.sheet, Segments())

    def _name(self) -> str:
        """Return a name of the calibration that changes with whatever decides its trials."""
        plan, study = self.plan, self.plan.study
        targets = [
            [*target.subject, target.value, target.sd, target.weight, target.held_out] for target in plan.targets
        ]
        decides = [study.sheet.digests, study.replications, study.seed, plan.ranges, targets, plan.forgiven, BATCH]
        return f"{study.name} {digest(canonical(plain(decides)).encode()).hex()}"

    def go(self) -> None:
        """Do the trials that the journal does not have."""
        found, wanted = self.found, self.plan.trials
        self._report_progress()
        while len(found) < wanted:
            start = len(found) // BATCH * BATCH
            batch = self._even[start : start + BATCH] or self._next(found[:start])
            for trial in self._tried(batch[len(found) - start : wanted - start]):
                self._journal.keep(trial, losses([trial], self.plan.targets)[0])
                found.append(trial)
            self._report_progress()
            if len(found) == len(self._even):
                self._check_numbers(1)
        self._check_numbers(fewest(len(self.plan.ranges)))
        if self.folder is not None:  # so that its manifest lists the runs of all trials
            self._run([trial.settings for trial in found[:wanted]], self.folder)

    def _check_numbers(self, needed: int) -> None:
        """Refuse to go on, or to conclude anything, when too few trials gave numbers."""
        found = self.found[: self.plan.trials]
        problems = [trial.problem for trial in found if trial.problem]
        sound = len(found) - len(problems)
        if sound < needed:
            raise Refusal(
                f"{sound} of {len(found)} trials gave every target a number; the first problem: {problems[0]}"
            )

    def interrupted(self, stop: KeyboardInterrupt) -> Interrupted:
        """Return what to raise for Ctrl-C or SIGTERM, in the middle of runs or between them."""
        done, total = len(self.found) * self.plan.runs, self.plan.trials * self.plan.runs
        if isinstance(stop, Interrupted):
            return Interrupted(
                min(done + stop.done, total), total, self._failed + stop.failed, stop.signal, stop.results
            )
        number = stop.args[0] if isinstance(stop, Terminated) else signal.SIGINT
        return Interrupted(min(done, total), total, self._failed, number, self._latest)

    def _next(self, tried: Sequence[Trial]) -> list[dict[str, Any]]:
        """Return the next batch: half of it Optuna's, half of it a wave over what is not ruled out."""
        plan, sound = self.plan, sum(not trial.problem for trial in tried)
        by_wave = BATCH // 2 if sound >= fewest(len(plan.ranges)) else 0
        proposed = propose(plan.ranges, tried, losses(tried, plan.targets), BATCH - by_wave, plan.study.seed)
        wave = Wave(tried, plan.ranges, plan.targets, len(self._even), plan.forgiven)
        return [*proposed, *(wave.next(by_wave) if by_wave else ())]

    def fresh(self, best: Trial) -> Moments:
        """Return the simulated values of the best settings, with luck that they were not chosen by."""
        folder = None if self.folder is None else self.folder / FRESH
        return moments(self._run([best.settings], folder, seed=self.plan.study.seed ^ 1), self.plan.targets, [0])

    def _tried(self, batch: Sequence[dict[str, Any]]) -> list[Trial]:
        """Run a batch of settings; return its trials in order."""
        self._latest = results = self._run(batch, self.folder, lambda done, *_: self._report_progress(done))
        self._failed += len(results.failed)
        points = [results.sheet.design.points.index(settings) for settings in batch]
        simulated = moments(results, self.plan.targets, points)
        trials = []
        for k, settings in enumerate(batch):
            problem = self._problem(results, points[k], simulated.mean[k])
            numbers = (
                ((), ()) if problem else (tuple(simulated.mean[k].tolist()), tuple(simulated.variance[k].tolist()))
            )
            trials.append(Trial(len(self.found) + k, settings, *numbers, problem))
        return trials

    def _problem(self, results: Results, point: int, mean: np.ndarray) -> str:
        """Say why settings have no number for some target, "" if they have one for each."""
        failed = results.failed
        failed = failed[failed["point"] == point]
        if len(failed):
            return f"{failed['error'].iloc[0]}: {failed['message'].iloc[0]}"
        without = [target.label for target, value in zip(self.plan.targets, mean, strict=True) if np.isnan(value)]
        return f"no value for {', '.join(without)}" if without else ""

    def _run(
        self, settings: Sequence[dict[str, Any]], folder: Path | None, progress: Any = None, seed: int | None = None
    ) -> Results:
        """Run a market with each of some settings, equal ones once."""
        rows = {canonical(row): row for row in settings}
        study = self.plan.study.replace(design=Design.from_rows(rows.values()))
        return run(study if seed is None else study.replace(seed=seed), folder, progress=progress, **self._options)

    def _report_progress(self, more: int = 0) -> None:
        """Report how many runs are done: those of the trials found, and `more` of the next batch."""
        if self._progress:
            each, total = self.plan.runs, self.plan.runs * self.plan.trials
            done, so_far = min(len(self.found) * each + more, total), (len(self.found) - self._at_start) * each + more
            pace = (time.monotonic() - self._began) / so_far if so_far else np.nan
            self._progress(done, total, self._failed, float((total - done) * pace) if done < total else 0.0)
