"""What is kept of an analysis of thresholds: a table beside a few facts, in a folder of the study's results."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from abm.core.errors import Refusal
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment
from abm.study.provenance.files import write_whole
from abm.study.sensitivity.thresholds import Thresholds
from abm.study.storage.spreadsheet import harmless, unmarked

FOLDER = "thresholds"  # in the results folder of the study
TABLE, FACTS = "thresholds.csv", "thresholds.json"
_SIZES = ("population.customers", "periods", "burn_in")


def write(folder: Path, found: Thresholds, experiment: Experiment) -> None:
    """Write what was found of an experiment: every difference as a table, the rest as facts."""
    facts = {name: value for name, value in asdict(found).items() if not isinstance(value, pd.DataFrame)}
    sizes = {path: experiment.scenario.value_at(path) for path in _SIZES}
    text = json.dumps({**facts, "sizes": sizes, "market": _market(experiment, found.kpi, sizes)}, indent=2)
    write_whole(folder / TABLE, harmless(found.table).to_csv(index=False).encode())
    write_whole(folder / FACTS, text.encode())


def read(folder: Path, experiment: Experiment | None = None) -> Thresholds | None:
    """Return what is kept in a folder; None if there is nothing, or it is of another state of the experiment.

    experiment : None = whatever it is of      Raises Refusal for files that are not as they were written.
    """
    if not (folder / FACTS).is_file():
        return None
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        table = pd.read_csv(folder / TABLE, keep_default_na=False, na_values={"now": "", "value": ""})
        table = table.map(lambda cell: unmarked(cell) if isinstance(cell, str) else cell)
        sizes, market = facts.pop("sizes"), facts.pop("market")
        texts = {name: tuple(value) for name, value in facts.items() if isinstance(value, list)}
        found = Thresholds(**(facts | texts), table=table)
        known = experiment is None or market == _market(experiment, found.kpi, sizes)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise Refusal(f"is not as it was written ({error}); ask again", place=str(folder / FACTS)) from None
    return found if known else None


def _market(experiment: Experiment, kpi: str, sizes: dict[str, Any]) -> str:
    """Return a digest of the study's own market at the sizes that were tried, as its baseline sees it."""
    baseline = checks.baseline(experiment.baseline, experiment.arms)
    alone = {"arms": {baseline: experiment.arms[baseline]}, "expect": (), "groups": {}}
    kpis = [one for one in experiment.kpis if one.name == kpi]
    return experiment.replace(scenario=experiment.scenario.replace(sizes), kpis=kpis, **alone).sheet.digests[baseline]
