"""Running an experiment: what is stored is skipped, what is missing is done, and an interrupt loses nothing done.

Results do not depend on how many workers or threads there are, on batches, or on interruptions.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Refusal
from abm.study.plan.experiment import Experiment
from abm.study.running.cluster_connection import shared_connection
from abm.study.running.interrupts import Interrupted, Terminated, terminable
from abm.study.running.matching import solved
from abm.study.running.parallelism import Parallelism, choose_parallelism
from abm.study.running.progress import Progress, in_notebook
from abm.study.running.readiness import NO_MANIFEST, make_ready, warn_of_other_versions
from abm.study.running.study_runs import StudyRuns
from abm.study.storage.loading import loaded
from abm.study.storage.results import Results
from abm.study.storage.store import Segments, Store


def run(
    experiment: Experiment | Path | str,
    store: Path | str | Segments | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
    *,
    only: np.ndarray | None = None,
    command: str = "abm.run",
) -> Results:
    """Do all runs of an experiment that are not stored yet and return the results.

    experiment : or the path of its study file
    store    : folder of the results, made if need be; None = results are kept in memory only, or in the Segments given
    workers  : processes; 1 = this one only; None = as many as pay
    threads  : inside a run; None = 1, unless there are fewer runs than processors and many customers
    progress : called as progress(done, total, failed, seconds_left) after every batch; nan seconds = not known yet;
               None = a notebook shows a bar for what takes longer than a few seconds, and nothing else does
    cluster  : do the runs there, not on this machine: the address of a Dask scheduler ("tcp://host:8786"), a TOML file
               that asks a queueing system for jobs, or a Client or cluster object of Dask
    only     : indices in the run sheet, ascending, of the runs to do; None = all
    command  : what the manifest says the runs were asked for with

    Values that arms leave open are found first, as by abm.matched.
    A run that raises an exception is a row of `results.failed` and is tried again by the next call; the rest goes on.
    Raises Refusal for a folder that cannot be written, a world larger than this machine's memory and a cluster that
    does not answer or has other versions; Interrupted on Ctrl-C and SIGTERM.
    """
    asked = loaded(experiment)
    keeper = store if isinstance(store, Segments) else Segments() if store is None else Store(store)
    with shared_connection(cluster) as connection:
        study = with_matches(asked, keeper, workers, threads, progress, connection)
        return _run(study, keeper, workers, threads, progress, connection, only, command)


def with_matches(
    experiment: Experiment,
    keeper: Segments,
    workers: int | None,
    threads: int | None,
    progress: Progress | None,
    cluster: Any,
    made: set[bytes] | None = None,
) -> Experiment:
    """Return the experiment with the values that its arms leave open, found by trial runs (matching.py).

    made : takes the ids of the trial runs that were not stored before
    """
    if not experiment.matches:
        return experiment
    with shared_connection(cluster) as connection:

        def do(trial: Experiment, only: np.ndarray) -> Results:
            open_ones = only[~keeper.holdings(trial.sheet).done[only]]
            if not len(open_ones):
                return Results(trial.sheet, keeper)
            if made is not None:
                made.update(trial.sheet.ids_of(open_ones).tolist())
            return _run(trial, keeper, workers, threads, progress, connection, only, NO_MANIFEST)

        return solved(experiment, do)


def _run(
    experiment: Experiment,
    keeper: Segments,
    workers: int | None,
    threads: int | None,
    progress: Progress | None,
    cluster: Any,
    only: np.ndarray | None,
    command: str,
) -> Results:
    done = keeper.holdings(experiment.sheet).done
    asked = np.arange(len(done), dtype=np.int32) if only is None else only.astype(np.int32)
    pending = asked[~done[asked]]
    parallelism = _parallelism(experiment, len(pending), workers, threads, cluster)
    with terminable(), shared_connection(cluster) as connection:
        if connection is not None and len(pending):
            connection.client  # noqa: B018 - connects now, to be refused before anything is written
        if isinstance(keeper, Store):
            make_ready(keeper, experiment, command, len(pending) > 0)
        if done.any():
            warn_of_other_versions(keeper)
        runs = StudyRuns(experiment, keeper, parallelism, pending, len(asked), progress or in_notebook(), connection)
        results = Results(experiment.sheet, keeper, experiment)
        try:
            runs.do_all()
        except KeyboardInterrupt as stop:
            number = stop.args[0] if isinstance(stop, Terminated) else signal.SIGINT
            raise Interrupted(runs.done, runs.total, runs.failed, number, results) from None
    return results


def _parallelism(
    experiment: Experiment, runs: int, workers: int | None, threads: int | None, cluster: Any
) -> Parallelism:
    """Return how runs are shared out here; on a cluster only the threads of a run are this machine's to say."""
    if cluster is None:
        return choose_parallelism(experiment, runs, workers, threads)
    if workers is not None:
        raise Refusal(f"= {workers} counts processes of this machine, and a cluster has its own", place="workers")
    return Parallelism(1, 1 if threads is None else threads)
