"""Runs that comparisons take, against independent equal treatment of all arms with the same guarantee.

python benchmarks/selection_savings.py [--customers N] [--periods N] [--store DIR] [--workers N] [STUDY.toml …]

Each study is compared in its first KPI, for its first firm, over all points of its design, with probability 0.95. The
indifference zone is a share of what the baseline arm achieves. The saving depends on it: without elimination runs grow
with 1 / zone², whatever the differences are. See docs/how-to/compare.md for what is counted.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np

import abm
from abm.study.comparison.selection import PILOT
from abm.study.plan.experiment import Experiment
from abm.view.summary import LESS_IS_BETTER

SHARES = (0.05, 0.02, 0.01, 0.005)
STUDIES = sorted((Path(__file__).parents[1] / "experiments").glob("*.toml"))


def level(study: Experiment, kpi: str, store: Path, workers: int | None) -> float:
    """Return the mean of a KPI of the first firm under the baseline, in the replications of a pilot."""
    baseline = study.sheet.baseline
    pilot = study.replace(arms={baseline: study.arms[baseline]}, baseline=baseline, replications=PILOT, expect=())
    results = abm.run(pilot, store, workers)
    return float(np.mean(results.block(kpi, baseline, study.sheet.firms[0])))


def measured(path: Path, changes: dict[str, int], store: Path, workers: int | None) -> dict[float, abm.Verdict]:
    """Return the verdict on a study for each zone, as a share of the baseline's level."""
    study = abm.load(path)
    study = study.replace(scenario=study.scenario.replace(changes))
    kpi = study.kpis[0].name
    reach = abs(level(study, kpi, store / path.stem, workers))
    options = {"largest": kpi not in LESS_IS_BETTER, "store": store / path.stem, "workers": workers}
    return {share: abm.compare(study, kpi, zone=share * reach, **options) for share in SHARES}


def main() -> None:
    """Print a line per study and zone, and the median and worst saving for each zone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="*", type=Path, default=STUDIES)
    parser.add_argument("--customers", type=int)
    parser.add_argument("--periods", type=int)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--workers", type=int)
    given = parser.parse_args()
    changes = {"population.customers": given.customers, "periods": given.periods}
    changes = {path: value for path, value in changes.items() if value is not None}
    print(f"{'study':20}{'KPI':18}{'zone':>6}{'runs':>7}{'separate':>12}{'saving':>9}{'correlation':>13}  best")
    savings: dict[float, list[float]] = {share: [] for share in SHARES}
    with tempfile.TemporaryDirectory() as passing:
        for path in given.studies:
            found = measured(path, changes, given.store or Path(passing), given.workers)
            for share, verdict in found.items():
                savings[share].append(verdict.saving)
                counts = f"{verdict.runs:7,}{verdict.runs_independent:12,.0f}{verdict.saving:9,.1f}"
                said = f"{path.stem:20}{verdict.question.kpi.name:18}{share:6.1%}{counts}{verdict.correlation:13.2f}"
                print(f"{said}  {verdict.best or 'not decided'}", flush=True)
    for share, those in savings.items():
        print(f"zone {share:5.1%}: median saving {statistics.median(those):,.1f}, worst {min(those):,.1f}")


if __name__ == "__main__":
    main()
