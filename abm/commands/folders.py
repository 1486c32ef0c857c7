"""Folders that results go into: none is used that cannot be written, or in which somebody else's file would be lost."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

from abm.core.errors import Refusal
from abm.study.plan.experiment import Experiment
from abm.study.provenance import files
from abm.study.running.readiness import has_everything
from abm.study.storage import manifest
from abm.study.storage.manifest import SEGMENTS, is_results_folder

WRITTEN = {  # by kind of results: patterns of what is written there, besides figures and what all kinds have
    "": ("report.html",),
    "calibration": ("trials.*", "fit.*", "identified.csv", "targets.csv", "calibrated.toml"),
    "thresholds": ("thresholds.*",),
    "sobol": ("sobol_*",),
    "morris": ("morris_*",),
    "tornado": ("tornado_*",),
}
_NOTE = "*.analysis.json"
_COMPARED = ("verdict_*.png", "robust_*.png", "game_*.png")


def check_nothing_is_lost(folder: Path, kind: str = "", place: str = "out") -> None:
    """Refuse a folder that is not one of results and has something that results would be written over.

    kind : of results, a key of WRITTEN        place : that a refusal names
    """
    manifest.check_nothing_is_lost(folder, place, _written(folder, kind))


def check_can_be_written(folder: Path, place: str = "out", needed: Callable[[], Experiment] | None = None) -> None:
    """Refuse a file, and a folder that cannot be written or made, unless it has all that is needed of it.

    needed : returns the experiment whose runs are wanted and no more; None = something is written in any case
    """
    try:
        files.check_can_be_written(folder, place)
        if (folder / SEGMENTS).exists():
            files.check_can_be_written(folder / SEGMENTS, place)
    except Refusal:
        if needed is None or not is_results_folder(folder) or not has_everything(folder, needed()):
            raise


def _written(folder: Path, kind: str) -> Iterator[str]:
    """Yield patterns of what is written there besides what all kinds of results have."""
    yield from (_NOTE, *WRITTEN.get(kind, ()))
    yield from _figures(kind, [path.name for path in folder.iterdir()])


def _figures(kind: str, names: list[str]) -> Iterator[str]:
    """Yield patterns of the figures that are written, or removed if they no longer apply, where there are figures."""
    if not any(name.endswith(".png") for name in names):
        return  # the modules that know the names are slow to import
    if kind == "calibration":
        yield from importlib.import_module("abm.view.calibration").FILES
    elif not kind:
        figures = importlib.import_module("abm.view.figures")
        yield from (*_COMPARED, *figures.FILES, *(name.format("*") for name in figures.OF_A_KPI))
