"""What `patronage run --precision` adds to a run and its report: goals read from options, words for each look."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from abm.commands import output
from abm.core.errors import Refusal, counted, shown
from abm.study.plan.experiment import Experiment
from abm.study.replications.precision import Precision, assessed, counts, goals_of, run_until
from abm.study.storage.manifest import read_manifest
from abm.study.storage.results import read


def asked(options: Sequence[str], max_runs: int | None) -> dict[str, float | str]:
    """Return KPI -> half-width of options such as "profit=5"; Refusal for others, and for a budget without a goal."""
    wanted: dict[str, float | str] = {}
    for option in options:
        name, equals, width = (part.strip() for part in option.partition("="))
        if not (name and equals and width):
            raise Refusal(f"{shown(option)} is not KPI=HALFWIDTH, such as profit=5 or csi=1%", place="--precision")
        if name in wanted:
            raise Refusal(f"{shown(name)} is given twice", place="--precision")
        wanted[name] = width
    if max_runs is not None and not wanted:
        raise Refusal("--max-runs is the budget of --precision KPI=HALFWIDTH; say that too, or leave it out")
    return wanted


def first_look(experiment: Experiment, wanted: Mapping[str, float | str], max_runs: int | None) -> Experiment:
    """Return the experiment as the first look sees it; Refusal for goals and budgets of no use."""
    goals_of(experiment, wanted)
    return experiment.replace(replications=next(counts(experiment, max_runs)))


def done(
    experiment: Experiment, wanted: Mapping[str, float | str], max_runs: int | None, options: Mapping[str, Any]
) -> Precision:
    """Do runs until every goal is reached or the budget is spent, and say after each look how far that is.

    options : store, workers, threads, progress, cluster, command of `run_until`, whose exceptions are raised
    """
    return run_until(experiment, wanted, max_runs=max_runs, after_look=lambda look: output.note(_said(look)), **options)


def _said(look: Precision) -> str:
    """Return how far a look has come, in a line."""
    parts = []
    for (kpi, firm), rows in look.table.groupby(["kpi", "firm"], sort=False):
        parts.append(f"{kpi} of {firm} ±{rows['half_width'].max():.4g} of ±{rows['wanted'].iloc[0]:.4g}")
    missing = look.table.loc[~look.table["reached"], "needed"].max()
    about = "" if look.reached or not math.isfinite(missing) else f"; about {missing:,.0f} would do"
    return f"{counted(look.replications, 'replication')}: {', '.join(parts)}{about}"


def known(folder: Path, own: Any = ()) -> pd.DataFrame | None:
    """Return what a results folder knows of what it was run for with `--precision`, as the table of a Precision.

    own : theories and measures of the user's own that the study has, as of `load`

    None without `--precision`, and for a study that cannot be built again.
    """
    manifest = read_manifest(folder)
    words = shlex.split(manifest.command)
    wanted = asked([value for option, value in pairwise(words) if option == "--precision"], None)
    if not wanted:
        return None
    try:
        experiment = manifest.study(folder, own)
        return assessed(read(folder), goals_of(experiment, wanted)).table
    except Refusal:
        return None


def document(found: Precision | None) -> dict[str, Any]:
    """Return what the JSON document of a run says of precision: nothing if it was not asked for."""
    if not found:
        return {}
    said = {"reached": found.reached, "statement": found.statement, "replications": found.replications}
    return {"precision": said | {"table": found.table.to_dict("records")}}
