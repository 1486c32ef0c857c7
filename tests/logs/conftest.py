"""What the tests of logs share: the shipped CDNOW log, and values that others have worked out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from abm.logs.purchases import read_log, shipped, summary

DATA = Path(__file__).resolve().parents[1] / "data"


@pytest.fixture(scope="session")
def cdnow_log() -> pd.DataFrame:
    """All 6,919 purchases."""
    return read_log(shipped("cdnow"))


@pytest.fixture(scope="session")
def cdnow(cdnow_log: pd.DataFrame) -> pd.DataFrame:
    """The calibration period of the literature: purchase days up to 1997-09-30."""
    return summary(cdnow_log, end="1997-09-30")


@pytest.fixture(scope="session")
def reference() -> Callable[[str], dict]:
    """Read a file of tests/data."""
    return lambda name: json.loads((DATA / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def panel_folder() -> Path:
    """The folder of Catsup.csv, Cracker.csv and Yogurt.csv, which may be read but do not come with the project."""
    folder = Path(os.environ.get("PATRONAGE_PANELS", Path(__file__).resolve().parents[3] / "shared" / "data"))
    if not all((folder / f"{name}.csv").is_file() for name in ("Catsup", "Cracker", "Yogurt")):
        pytest.skip("the scanner panels are not here; PATRONAGE_PANELS may name their folder")
    return folder
