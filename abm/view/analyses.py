"""Analyses beside a study: comparisons, sensitivities and calibrations enter the report of the study's results.

Each leaves a note in its folder: what was found, its figures, and of which market. The report takes those in its own
folder, and in folders beside it whose names begin with the study's, if they are of the same market.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from abm.study.plan.experiment import Experiment
from abm.study.provenance.digest import canonical, digest
from abm.study.provenance.files import write_whole
from abm.view import markup

_NOTE = "{}.analysis.json"


def keep(
    folder: Path, name: str, title: str, statement: Sequence[str], figures: Sequence[Path], of: Experiment
) -> None:
    """Leave a note of an analysis in its folder.

    name : of the note, one for each question that may be asked there        of : the study that was analysed
    """
    files = [figure.name for figure in figures]
    note = {"title": title, "statement": list(statement), "figures": files, "market": _market(of)}
    path, data = folder / _NOTE.format(name), json.dumps(note, indent=2).encode()
    if not path.is_file() or path.read_bytes() != data:  # a folder that has it all may be read-only
        write_whole(path, data)


def sections(folder: Path, study: Experiment | None) -> Iterator[str]:
    """Yield a section for each analysis that belongs to the study of a results folder; none if it is not known."""
    if study is None:
        return
    market, pattern = _market(study), _NOTE.format("*")
    beside = sorted(folder.parent.glob(f"{folder.name}_*/{pattern}"))
    for path in [*sorted(folder.glob(pattern)), *beside]:
        note = _read(path)
        if note and note["market"] == market:
            files = [path.parent / file for file in note["figures"]]
            drawn = (markup.picture(file.read_bytes(), note["title"]) for file in files if file.is_file())
            where = markup.element("p", markup.text(f"In {path.parent}."), "caption")
            yield markup.section(note["title"], markup.paragraphs(note["statement"]), *drawn, where)


def _read(path: Path) -> dict[str, Any] | None:
    """Return a note; None if it is not one."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        whole = isinstance(note, dict) and {"title", "statement", "figures", "market"} <= note.keys()
    except (OSError, ValueError):
        return None
    return note if whole else None


def _market(study: Experiment) -> str:
    """Return a digest of what was analysed: the scenario in full, apart from the design over it."""
    return digest(canonical(study.scenario.to_dict(full=True)).encode()).hex()
