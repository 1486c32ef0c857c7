"""Jobs of a queueing system (SLURM, PBS and others) that work for a study.   The only file that imports dask_jobqueue.

A TOML file says what a job is and how many there shall be. The jobs talk to a scheduler in this process, behind TLS
with certificates made for them alone, and end when the study does.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.spec import read_toml
from abm.study.plan import checks

KINDS = {
    "slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster", "moab": "MoabCluster",
    "oar": "OARCluster", "htcondor": "HTCondorCluster", "local": "local.LocalCluster",
}  # fmt: skip
SETTINGS: dict[str, type] = {
    "kind": str, "jobs": int, "cores": int, "processes": int, "memory": str, "disk": str, "walltime": str,
    "queue": str, "account": str, "project": str, "resource_spec": str, "interface": str, "python": str,
    "local_directory": str, "log_directory": str, "shared_temp_directory": str, "death_timeout": int,
    "job_extra_directives": list, "job_script_prologue": list, "worker_extra_args": list,
}  # fmt: skip
NEEDED = ("kind", "jobs", "cores", "memory")
SCHEDULER_TIMEOUT = 300  # seconds that a job looks for its scheduler
CLOSING_TIMEOUT = 3  # seconds in which jobs must end
LOGGERS = ("asyncio", "distributed", "distributed.client", "tornado.application")  # each has a level of its own
MOST_CHARACTERS = 300  # of an error of Dask's that are shown


@contextlib.contextmanager
def requested(path: Path) -> Iterator[Any]:
    """Ask a queueing system for the jobs that a file describes; yield their cluster, and end them.

    Raises Refusal for a wrong file and if no jobs can be had.
    """
    with checks.at("", str(path)):
        wanted = settings(read_toml(path))
    kind, jobs = wanted.pop("kind"), wanted.pop("jobs")
    made = None
    with without_logs():
        try:
            try:
                made = cluster_class(kind)(**wanted)
                made.scale(jobs=jobs)
                made.sync(_wait_until_queued, made)
            except Exception as error:  # each queueing system has errors of its own
                raise Refusal(f"no jobs can be had: {on_one_line(error)}", source=str(path)) from None
            yield made
        finally:
            if made is not None:
                _end_jobs(made)


def cluster_class(kind: str) -> Any:
    """Return the class of dask_jobqueue for a kind of queueing system."""
    home, _, name = f"dask_jobqueue.{KINDS[kind]}".rpartition(".")
    before = signal.getsignal(signal.SIGINT)
    try:
        return getattr(importlib.import_module(home), name)
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)  # the import replaces it by one that ends the process at once


def _end_jobs(cluster: Any) -> None:
    """End jobs, and remove the certificates by which they knew each other."""
    with contextlib.suppress(Exception):  # jobs that were never queued cannot be ended either
        cluster.close(timeout=CLOSING_TIMEOUT)
    for name, thing in vars(cluster).items():
        if name.startswith("_job_") and hasattr(thing, "close"):
            thing.close()


async def _wait_until_queued(cluster: Any) -> None:
    """Wait until all jobs are in the queue; raise the error of one that the queue does not take."""
    await cluster
    for job in cluster.workers.values():
        await job


@contextlib.contextmanager
def without_logs() -> Iterator[None]:
    """Keep the logs of Dask off the terminal: what goes wrong is said in one line."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def settings(table: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a queueing system as dask_jobqueue takes them; raise Refusal for wrong ones."""
    for key, value in table.items():
        if key not in SETTINGS:
            raise Refusal(f"no setting {shown(key)}{did_you_mean(key, SETTINGS) or '; there is ' + one_of(SETTINGS)}")
        if SETTINGS[key] is int:
            checks.whole(key, value, low=1)
        elif SETTINGS[key] is str:
            checks.text(key, value, empty=False)
        elif not isinstance(value, list) or not all(isinstance(line, str) for line in value):
            raise Refusal(f"= {shown(value)} is not a list of texts", place=key)
    for key in NEEDED:
        if key not in table:
            raise Refusal("is missing", place=key)
    kind = table["kind"]
    if kind not in KINDS:
        raise Refusal(f"= {shown(kind)} is not {one_of(KINDS)}{did_you_mean(kind, KINDS)}", place="kind")
    loopback = {"host": "127.0.0.1"} if kind == "local" else {}
    defaults = {
        "processes": table["cores"],
        "shared_temp_directory": str(Path.home()),
        "death_timeout": SCHEDULER_TIMEOUT,
    }
    safe = {"security": True, "scheduler_options": {"dashboard_address": "127.0.0.1:0", **loopback}}
    return defaults | table | safe


def on_one_line(error: BaseException | None) -> str:
    """Return an error of Dask's on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:MOST_CHARACTERS]
