"""Folders that results go into: none is used in which a file of somebody else's would be written over."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from abm.core.errors import Refusal
from abm.study.provenance import inputs
from abm.study.storage.manifest import FILE, is_results_folder

WRITTEN = {  # by kind of results: patterns of what is written there, besides figures and what all kinds have
    "": ("report.html",),
    "calibration": ("trials.*", "fit.*", "identified.csv", "targets.csv", "calibrated.toml"),
    "thresholds": ("thresholds.*",),
    "sobol": ("sobol_*",),
    "morris": ("morris_*",),
    "tornado": ("tornado_*",),
}
_OF_ALL = (FILE, inputs.FOLDER, "*.analysis.json")
_COMPARED = ("verdict_*.png", "robust_*.png", "game_*.png")


def check_nothing_is_lost(folder: Path, kind: str = "", place: str = "out") -> None:
    """Refuse a folder that is not one of results and has something that results would be written over.

    kind : of results, a key of WRITTEN        place : that a refusal names
    """
    if not folder.is_dir() or is_results_folder(folder):
        return
    names = sorted(path.name for path in folder.iterdir())
    patterns = [*_OF_ALL, *WRITTEN.get(kind, ()), *_figures(kind, names)]
    lost = next((name for name in names if any(fnmatch(name, pattern) for pattern in patterns)), None)
    if lost is not None:
        what = f"= {folder} is no results folder, and its {lost} would be written over"
        raise Refusal(f"{what}; give another folder, or move that away", place=place)


def _figures(kind: str, names: list[str]) -> Iterator[str]:
    """Yield patterns of the figures that are written, or removed if they no longer apply, where there are figures."""
    if not any(name.endswith(".png") for name in names):
        return  # the modules that know the names are slow to import
    if kind == "calibration":
        yield from importlib.import_module("abm.view.calibration").FILES
    elif not kind:
        figures = importlib.import_module("abm.view.figures")
        yield from (*_COMPARED, *figures.FILES, *(name.format("*") for name in figures.OF_A_KPI))
