"""What a report says, as values: for programs, and for `patronage report DIR --json`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from abm.core.shown import in_notebook
from abm.view import criteria, summary


@dataclass(frozen=True)
class Report:
    """What a report says, as values.

    path     : of report.html          question, headline : as they stand there
    verdict  : in sentences            winner : the arm shown to be best, None = none is
    table    : as of summary.effects, for the focal firm
    criteria : as of judge             figures : files beside the report, each with what it shows
    runs, missing, failed : how many runs the study has, are not stored, have failed

    Arms go by their names in values, and by their labels in sentences.
    """

    path: Path
    question: str
    headline: str
    verdict: tuple[str, ...]
    winner: str | None
    table: pd.DataFrame
    criteria: pd.DataFrame
    figures: dict[str, str]
    runs: int
    missing: int
    failed: int

    _repr_html_ = in_notebook

    def __str__(self) -> str:
        return self.headline

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for a JSON document."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        tables = {"table": summary.records(self.table), "criteria": criteria.records(self.criteria)}
        return {**own, "path": str(self.path), "verdict": list(self.verdict), **tables}
