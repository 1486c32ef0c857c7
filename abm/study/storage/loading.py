"""Loading a study: from its file, or from the folder of its results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from abm.core import given
from abm.core.errors import Refusal
from abm.study.plan import experiment
from abm.study.plan.experiment import Experiment
from abm.study.storage.manifest import read_manifest
from abm.study.storage.results import Results
from abm.study.storage.store import Store


def load(path: Path | str, own: Any = (), data: Path | str | Sequence[Path | str] = ()) -> Experiment:
    """Read an experiment from a study file, or from a folder of results as it was run.

    own  : theories and measures of one's own that it names, as of plan.experiment.load
    data : folders in which a study file's logs and graphs may lie besides its own; a folder of results has copies

    Raises Refusal for anything that could not run, and for a folder that is not one of results.
    """
    folder = given.path("path", path)
    return read_manifest(folder).study(folder, own) if folder.is_dir() else experiment.load(folder, own, data)


def folder_of(results: Any) -> Path:
    """Return the folder of results, given as its path or as the results that it holds.

    Raises Refusal for results that are in memory only, and for anything else.
    """
    if not isinstance(results, Results):
        return given.path("folder", results, "; give a folder of results, or the results that abm.run has stored")
    if not isinstance(results._segments, Store):
        raise Refusal('these results are in memory only; abm.run(study, store="results") stores them in a folder')
    return results._segments.folder


def own_of(results: Any, own: Any) -> Any:
    """Return theories and measures of one's own: those given, or else those of the study that results were made by."""
    known = isinstance(results, Results) and results._experiment is not None
    return results._experiment.own if known and not own else own


def loaded(study: Any) -> Experiment:
    """Return an experiment as it is, or loaded from a path.  Raises Refusal for anything else."""
    if isinstance(study, str | Path):
        return load(study)
    experiment.checks.instance("experiment", study, Experiment)
    return study
