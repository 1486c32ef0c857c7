"""Criteria in words: what a study claims, whether it is so, and how many claims are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from abm.study.comparison.judgement import CONFIDENCE, MET, NOT_MET, UNDECIDED
from abm.view import tables

_STYLES = {MET: "green", NOT_MET: "red", UNDECIDED: "yellow"}
_HEADINGS = ("verdict", "criterion", "estimate", "interval")


def words(row: Mapping[str, Any]) -> str:
    """Return a criterion in words: "csi of north, service against none: difference above 0"."""
    against = "" if pd.isna(row["against"]) else f" against {row['against']}"
    among = "" if pd.isna(row["group"]) else f" among {row['group']}"
    return f"{row['kpi']} of {row['firm']}{among}, {row['arm']}{against}: {row['claim']}"


def cells(row: Mapping[str, Any]) -> list[str]:
    """Return a row of the table of criteria: verdict, criterion, estimate, interval."""
    reason = f"; {row['reason']}" if row["reason"] else ""
    source = f" ({row['why']})" if row["why"] else ""
    known = np.isfinite(row["high"] - row["low"])
    digits = _digits((row["high"] - row["low"]) / 2 if known else abs(row["estimate"]) / 10)
    ends = f"[{tables.number(row['low'], digits)}, {tables.number(row['high'], digits)}]" if known else "-"
    return [row["verdict"], f"{words(row)}{source}{reason}", tables.number(row["estimate"], digits), ends]


def _digits(half: float) -> int:
    """Return the decimals that show two digits of half an interval, which is as much as it bears out."""
    return min(max(1 - math.floor(math.log10(half)), 0), 6) if 0 < half < math.inf else 4


def table(judged: pd.DataFrame) -> Table:
    """Return criteria as a table for the terminal, the verdict first."""
    made = tables.table(_HEADINGS, right=_HEADINGS[2:], whole=("verdict", *_HEADINGS[2:]))
    for row in judged.to_dict("records"):
        made.add_row(*cells(row), style=_STYLES[row["verdict"]])
    return made


def statement(judged: pd.DataFrame) -> str:
    """Return how many criteria are met, not met and undecided, and how sure that is."""
    counts = judged["verdict"].value_counts()
    said = [f"{counts[verdict]} {verdict}" for verdict in (MET, NOT_MET, UNDECIDED) if verdict in counts]
    return f"Criteria: {', '.join(said)} ({CONFIDENCE:.6g} confidence that all of these verdicts are right)"


def records(judged: pd.DataFrame) -> list[dict[str, Any]]:
    """Return criteria as the JSON document has them; no group is everybody."""
    return judged.to_dict("records")


def unmet(judged: pd.DataFrame) -> bool:
    """Return whether a criterion is not met; one that is undecided does not count."""
    return bool((judged["verdict"] == NOT_MET).any())
