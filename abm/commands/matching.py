"""What commands that do runs say of arms that are matched: trials on the bar, then a line for each arm."""

from __future__ import annotations

from pathlib import Path

from abm.commands import doing, output
from abm.core.errors import counted
from abm.study.plan.experiment import Experiment
from abm.study.running.matched import matched


def solved(
    experiment: Experiment, out: Path, workers: int | None, threads: int | None, cluster: str | None
) -> tuple[Experiment, int]:
    """Return the experiment with the values that its arms leave open, and say what was found; itself without any.

    Also returns how many of its runs the trials have done now.

    Raises Refusal for a target that no value reaches, and what abm.matched raises.
    """
    if not experiment.matches:
        return experiment, 0
    with doing.Watch(experiment, cluster) as watch:
        found = matched(experiment, out, workers, threads, watch.update, cluster)
    for line in str(found).splitlines():
        output.note(line)
    if found.made:
        output.note(f"{counted(len(found.made), 'trial run')} done in {doing.duration(watch.seconds)}")
    return found.experiment, found.runs
