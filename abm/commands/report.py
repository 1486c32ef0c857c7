"""`patronage report`: figures and report of a results folder, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from abm.commands import output, precise
from abm.study.storage.manifest import read_manifest
from abm.view import report


def main(folder: Path, own: Sequence[Path], json: bool) -> int:
    """Write the report of a results folder and say where it is, or what it says; Refusal if it cannot be written."""
    manifest = read_manifest(folder)
    given = manifest.with_own(folder, own)
    for file in manifest.edited(given):
        output.note(f"made with {file}; where the study's own equations have changed the report cannot describe them")
    found = report.made(folder, known=precise.known(folder, given), own=given)
    if json:
        output.document(found.to_dict())
    else:
        output.lines(str(found.path))
    return 0
