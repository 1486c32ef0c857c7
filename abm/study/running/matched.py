"""Arms of the same budget: an experiment whose arms leave values open, and the same with the values found.

    found = abm.matched(study, store="results/study")
    print(found)              points: firms.north.program.reward = 8.4312 raises lever_cost by 3.02 % of revenue …
    found.experiment          with the values as ordinary settings; abm.run(study) runs just this

The values depend on the study alone, not on workers, threads, the number of replications or interruptions. Trial runs
are kept in the store, so that a second call only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abm.core.shown import in_notebook
from abm.study.plan.experiment import Experiment
from abm.study.running.runner import Progress, with_matches
from abm.study.storage.store import Segments, Store


@dataclass(frozen=True)
class Matched:
    """An experiment with the values found.

    table : a row per arm that was matched: arm, by, value, kpi, of, firm, against, reached, target, tolerance, trials,
            replications (see plan/matches.py)
    made  : ids of the trial runs that were done for it; those stored before are not among them
    """

    experiment: Experiment
    made: frozenset[bytes] = frozenset()

    @property
    def runs(self) -> int:
        """How many of the experiment's own runs these trial runs are."""
        return int(np.isin(self.experiment.sheet.ids, [*self.made]).sum()) if self.made else 0

    @property
    def table(self) -> pd.DataFrame:
        """What was found."""
        return pd.DataFrame([one.to_dict() for one in self.experiment.matched])

    _repr_html_ = in_notebook

    def __str__(self) -> str:
        return "\n".join(map(str, self.experiment.matched))


def matched(
    experiment: Experiment,
    store: Path | str | Segments | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
) -> Matched:
    """Find the values that arms leave open with `match`, by trial runs that are kept in a folder.

    store, workers, threads, progress, cluster : as of runner.run; progress is that of each round of trials

    Raises Refusal for a target that no value reaches and for trial runs that fail; and what runner.run raises.
    """
    keeper = store if isinstance(store, Segments) else Segments() if store is None else Store(store)
    made: set[bytes] = set()
    found = with_matches(experiment, keeper, workers, threads, progress, cluster, made)
    return Matched(found, frozenset(made))
