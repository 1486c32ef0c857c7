"""A study file of a market whose customers have the rates and baskets of a log that was fitted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from abm.core.errors import Refusal
from abm.core.spec import write_toml
from abm.exchange.fit import MOST_POPULATION, Fit
from abm.study.plan.experiment import Experiment
from abm.study.provenance.files import check_can_be_made, write_whole
from abm.world.files import allow


def check_free(path: Path) -> None:
    """Refuse a study file that is there already, one that is no TOML file, and a folder that is not there."""
    if path.suffix != ".toml":
        raise Refusal(f"= {path} is not the name of a study file, FILE.toml", place="out")
    if path.exists():
        raise Refusal("is there already; choose another name, or remove it first", source=str(path))
    if not path.parent.is_dir():
        raise Refusal("there is no such folder", source=str(path.parent))
    check_can_be_made(path)


def study_of(found: Fit, path: Path) -> dict[str, Any]:
    """Return the table of a small study of default firms with the customers of a fit: what does a points club earn?

    path : of the file that is to hold it, from whose folder the log is named

    Raises Refusal for a log that a study cannot name.
    """
    people = found.population.to_dict() | {"log": log_from(found, path.parent)}
    people["customers"] = min(found.reading.customers, MOST_POPULATION)
    table: dict[str, Any] = {
        "name": path.stem,
        "question": "What does a points club earn the north firm, among customers like those of the log?",
        "seed": 1,
        "replications": 20,
        "kpis": ["profit", "share_of_wallet", "retention_rate", "frequency", "basket"],
        "scenario": {"periods": 156, "burn_in": 52, "population": people},
        "arms": {"none": {}, "points": {"firms.north.program": {"preset": "points", "earn_rate": 0.05}}},
    }
    if leads_out(found, path.parent):
        allow([found.folder])
    Experiment.from_dict(table, source=path.name, folder=path.parent.resolve())
    return table


def log_from(found: Fit, folder: Path) -> str:
    """Return how a study in a folder names the log of a fit."""
    if found.folder == Path() or _is_shipped(found):
        return str(found.population.log)
    return Path(os.path.relpath(found.folder / str(found.population.log), folder.resolve())).as_posix()


def leads_out(found: Fit, folder: Path) -> bool:
    """Return whether the log lies outside the folder, so that whoever runs the study has to allow its own."""
    return not _is_shipped(found) and not found.folder.is_relative_to(folder.resolve())


def _is_shipped(found: Fit) -> bool:
    return not (found.folder / str(found.population.log)).is_file()


def write(found: Fit, path: Path, command: str) -> None:
    """Write the study file, whole or not at all.

    command : that asks for it, as the file says

    Raises Refusal as `check_free` does, and for a log that a study cannot name.
    """
    check_free(path)
    table, fits = study_of(found, path), found.reading.fit
    head = (
        f"# Written by:  {command}\n# Fitted:      {fits.lives.describe()}\n"
        + (f"#              {fits.baskets.describe()}\n" if fits.baskets else "")
        + f"# Checked:     {found.verdict}\n"
        "# The log is read again when the study runs. Firms, arms and lengths are a beginning; change them.\n\n"
    )
    write_whole(path, (head + write_toml(table)).encode())
