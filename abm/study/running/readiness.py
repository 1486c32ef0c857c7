"""Readiness: what is done to a results folder before runs are added to it."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path

from abm.core.errors import Refusal, shown
from abm.study.plan.experiment import Experiment
from abm.study.provenance import inputs
from abm.study.provenance.versions import changes
from abm.study.storage.manifest import Manifest, read_manifest
from abm.study.storage.store import Segments, Store

NO_MANIFEST = ""  # the command of trial runs: the folder goes on saying what it said


def warn_of_other_versions(keeper: Segments) -> None:
    """Warn of stored runs that were made with other versions of Python or libraries."""
    for change in dict.fromkeys(change for made_with in keeper.made_with() for change in changes(made_with)):
        warnings.warn(f"some stored runs were made with {change}; their last bits may differ", stacklevel=3)


def has_everything(folder: Path, experiment: Experiment) -> bool:
    """Return whether a results folder has all runs of an experiment and says so, so that it is only read.

    If arms leave values open, nobody knows before they are found: then the answer is yes.
    """
    if experiment.matches:
        return True
    stored = Store(folder).holdings(experiment.sheet).done
    return bool(stored.all()) and Manifest.of(experiment).says_the_same(folder)


def _warn_of_another_study(folder: Path, study: str) -> None:
    """Warn if the folder's results are of a study of another name, which it will no longer say."""
    with contextlib.suppress(Refusal):
        other = read_manifest(folder).sheet.name
        if other != study:
            warnings.warn(
                f"{folder} has results of another study, {shown(other)}: its runs stay in the folder, but what is read "
                f"and reported there will be {shown(study)}; to keep both apart, choose another folder",
                stacklevel=4,
            )


def make_ready(keeper: Store, experiment: Experiment, command: str, has_runs_left: bool) -> None:
    """Make a results folder ready: manifest, input files; refuse it now if runs are left that it cannot keep.

    A folder that has everything is only read, so that it may be an archive.
    """
    manifest = Manifest.of(experiment, command) if command != NO_MANIFEST else None
    outdated = has_runs_left or not (manifest is None or manifest.says_the_same(keeper.folder))
    if outdated:
        keeper.prepare()
        if manifest:
            _warn_of_another_study(keeper.folder, manifest.sheet.name)
    with keeper.writing():
        inputs.keep(experiment.inputs, experiment.folder, keeper.folder)
        if outdated and manifest:
            manifest.write(keeper.folder)
    if keeper.damaged:
        names = ", ".join(sorted(keeper.damaged))
        warnings.warn(f"{keeper.folder}: damaged segments, their runs are done again: {names}", stacklevel=3)
        keeper.set_aside_damaged()
