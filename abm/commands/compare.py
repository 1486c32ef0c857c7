"""`patronage compare`: the best arm of a study with a stated probability, or which arm is best where."""

from __future__ import annotations

import contextlib
import importlib
import math
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abm.commands import doing, matching, output
from abm.core.errors import Refusal, counted
from abm.study.comparison.compare import compare, points_of
from abm.study.comparison.question import question
from abm.study.comparison.races import RaceRunner, Standing
from abm.study.comparison.robust import Robustness, robust
from abm.study.comparison.verdict import Check, Verdict
from abm.study.plan.experiment import Experiment, load
from abm.study.plan.overrides import overrides
from abm.study.provenance.files import write_whole
from abm.view import analyses, labels
from abm.view import verdict as view

if TYPE_CHECKING:
    from abm.view.drawn import Drawn


def main(
    file: Path, kpi: str, firm: str | None, group: str | None, zone: str, confidence: float, lowest: bool | None,
    point: int | None, each_point: bool, together: bool, max_runs: int | None, pilot: int, check: bool,
    own: Sequence[Path],
    sets: Sequence[str], seed: int | None, workers: int | None, threads: int | None, cluster: str | None,
    out: Path | None, json: bool,
) -> int:  # fmt: skip
    """Compare the arms of a study over all points of its design, at one, or at each.

    lowest : whether less is better; None = as is usual for the KPI

    Returns 1 if the best arm is not decided, runs failed or the check does not hold, else 0.
    Raises Refusal before anything is written.
    """
    ask = partial(robust, together=together) if each_point else partial(compare, point=point)
    _refuse(each_point, together, point)
    smallest = _number(zone)
    try:
        study = overrides(load(file, own), sets, None, seed)
        largest = None if lowest is None else not lowest
        asked = question(study, kpi, firm, smallest, confidence, largest, pilot, group=group)
        RaceRunner(study, asked).races([points_of(study, point)], max_runs)  # refused before any trial run
        pilots = len(study.arms) * pilot * (1 if point is not None else len(study.design))
        resources = doing.resources(study, pilots, workers, threads, cluster)
        out = doing.results_folder(out, file, study.name)
        study, trials = matching.solved(study, out, workers, threads, cluster)
        with _Watch(study, cluster, _intention(study, pilot, pilots, resources)) as watch:
            watch.trials = trials
            found: Verdict | Robustness = ask(
                study, kpi, firm, zone=smallest, confidence=confidence, largest=largest, group=group, max_runs=max_runs,
                pilot=pilot, store=out, workers=workers, threads=threads, progress=watch.follow, cluster=cluster,
                command=_command(file, kpi, firm, group, zone, own, sets, seed),
            )  # fmt: skip
    except Refusal as refusal:
        raise doing.with_origin(refusal, file, seed=seed) from None
    output.note(watch.outcome())
    checked = found.check(workers=workers) if check else None
    drawn = importlib.import_module("abm.view.race").draw(found)  # slow to import
    if not json:
        _print(found, checked, study)
    _keep(found, drawn, kpi, study, out)
    if json:
        output.document({**_document(found, checked), "out": str(out), "figure": str(out / drawn.file)})
    else:
        output.lines(f"\nresults  {out}\nfigure   {out / drawn.file}\nnext     {doing.verification(out, own)}")
    return int(not found.decided or found.failed > 0 or (checked is not None and not checked.ok))


def _keep(found: Verdict | Robustness, drawn: Drawn, kpi: str, study: Experiment, out: Path) -> None:
    """Write the figure, and what the report of the study shows of the comparison."""
    with doing.drawing(out):
        write_whole(out / drawn.file, drawn.image)
        said = [labels.said(words, study.labels) for words in (found.statement, *found.warnings)]
        analyses.keep(out, f"compare_{kpi}", f"Comparison by {kpi}", said, [out / drawn.file], study)


def _refuse(each_point: bool, together: bool, point: int | None) -> None:
    if each_point and point is not None:
        raise Refusal("--each-point compares at all points and --point at one; leave one of them out")
    if together and not each_point:
        raise Refusal("--together is about the verdicts of --each-point; say that too")


def _number(zone: str) -> float:
    """Return the zone as a number.  Raises Refusal for other words, shares among them: no level is known before."""
    try:
        return float(zone)
    except ValueError:
        share = "; a share of what is not known yet is no number: say how much it is" if zone.endswith("%") else ""
        raise Refusal(f"= {zone} is not a number in the KPI's unit, such as 0.5{share}", place="--zone") from None


def _command(
    file: Path,
    kpi: str,
    firm: str | None,
    group: str | None,
    zone: str,
    own: Sequence[Path],
    sets: Sequence[str],
    seed: int | None,
) -> str:
    """Return the command that asks for the same comparison on any machine."""
    options = ["--kpi", kpi, *(["--firm", firm] if firm else []), *(["--group", group] if group else [])]
    options += ["--zone", zone, *doing.named(own)]
    options += [part for one in sets for part in ("--set", one)] + ([] if seed is None else ["--seed", str(seed)])
    return shlex.join(["patronage", "compare", file.name, *options])


def _intention(study: Experiment, pilot: int, runs: int, resources: str) -> str:
    arms, world = len(study.arms), study.scenario
    points = runs // (arms * pilot)
    counts = [counted(arms, "arm"), *([counted(points, "point")] if points > 1 else [])]
    size = f"{counted(world.population.customers, 'customer')} over {counted(world.periods, 'period')}"
    first = f"first {counted(pilot, 'replication')} = {counted(runs, 'run')} of {size}"
    return f"{study.name}: {' x '.join(counts)}, {first}, {resources}"


class _Watch(doing.Watch):
    """The bar of `run`, with how many arms, or points, are still in the race.

    intention : said when everything is checked and the runs begin
    """

    def __init__(self, study: Experiment, cluster: str | None, intention: str) -> None:
        super().__init__(study, cluster)
        self._intention = intention
        self._bar.update(self._task, visible=False)  # until it is known how many runs there will be

    def follow(self, now: Standing) -> None:
        """Show how far the races are."""
        if self._intention:
            with contextlib.suppress(OSError):
                self._bar.console.print(self._intention, soft_wrap=True)
            self._intention = ""
        self.update(now.done, now.at_most, now.failed, math.nan)
        self._stored, self.done, self.total = now.stored, now.done - now.stored, now.done
        going = counted(now.arms, "arm") if now.races == 1 else counted(now.races, "point")
        self._bar.update(self._task, description=f"{going} in the race, runs at most", visible=True)


def _document(found: Verdict | Robustness, checked: Check | None) -> dict[str, Any]:
    held = {} if checked is None else {"check": {"ok": checked.ok, "statement": checked.statement}}
    return view.document(found) | held


def _print(found: Verdict | Robustness, checked: Check | None, study: Experiment) -> None:
    if isinstance(found, Verdict):
        output.show("", view.race(found), "", view.explained(found.question))
    else:
        more = [view.explained_points(found), ""] if view.explained_points(found) else []
        listed = [view.points(found), "", *more] if len(found.verdicts) <= view.MOST_POINTS else []
        output.show("", *listed, view.regrets(found), "", view.explained_regrets(found.question))
    output.show("", labels.said(found.statement, study.labels), "", view.effort(found))
    for warning in found.warnings:
        output.show("", f"warning: {labels.said(warning, study.labels)}")
    if checked is not None:
        output.show("", f"check: {labels.said(checked.statement, study.labels)}")
