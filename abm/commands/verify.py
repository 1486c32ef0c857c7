"""`patronage verify`: recompute a sample of stored runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from abm.commands import output
from abm.core.errors import Refusal
from abm.study.running.verify import verify


def main(folder: Path, sample: int, own: Sequence[Path], json: bool) -> int:
    """Recompute some stored runs and compare; return 1 if anything differs or is damaged."""
    if sample < 1:
        raise Refusal(f"--sample = {sample} is not a whole number of runs, 1 or more")
    found = verify(folder, sample, own=own)
    if json:
        output.document(
            {
                "ok": found.ok,
                "checked": found.checked,
                "stored": found.stored,
                "differences": [str(difference) for difference in found.differences],
                "damaged": list(found.damaged),
                "changed": list(found.changed),
            }
        )
    else:
        output.lines(str(found))
    return 0 if found.ok else 1
