"""Loading a study: from its file, or from the folder of its results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from abm.study.plan import experiment
from abm.study.plan.experiment import Experiment
from abm.study.storage.manifest import read_manifest


def load(path: Path | str, own: Any = (), data: Path | str | Sequence[Path | str] = ()) -> Experiment:
    """Read an experiment from a study file, or from a folder of results as it was run.

    own  : theories and measures of one's own that it names, as of plan.experiment.load
    data : folders in which a study file's logs and graphs may lie besides its own; a folder of results has copies

    Raises Refusal for anything that could not run, and for a folder that is not one of results.
    """
    folder = Path(path)
    return read_manifest(folder).study(folder, own) if folder.is_dir() else experiment.load(folder, own, data)


def loaded(study: Any) -> Experiment:
    """Return an experiment as it is, or loaded from a path.  Raises Refusal for anything else."""
    if isinstance(study, str | Path):
        return load(study)
    experiment.checks.instance("experiment", study, Experiment)
    return study
