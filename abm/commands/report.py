"""`patronage report`: figures and report of a results folder, without running anything."""

from __future__ import annotations

from pathlib import Path

from abm.commands import output, precise
from abm.view import report


def main(folder: Path) -> int:
    """Write the report of a results folder and say where it is; Refusal if it is not one."""
    output.lines(str(report.write(folder, known=precise.known(folder))))
    return 0
