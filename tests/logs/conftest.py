"""What the tests of logs share: the shipped CDNOW log, and the published values where they are at hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from abm.logs.purchases import read_log, shipped, summary

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.fixture(scope="session")
def cdnow_log() -> pd.DataFrame:
    """All 6,919 purchases."""
    return read_log(shipped("cdnow"))


@pytest.fixture(scope="session")
def cdnow(cdnow_log: pd.DataFrame) -> pd.DataFrame:
    """The calibration period of the literature: purchase days up to 1997-09-30."""
    return summary(cdnow_log, end="1997-09-30")


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Give the path of a file of the shared folder; skip the test where it is absent."""

    def path(name: str) -> Path:
        found = SHARED / name
        if not found.exists():
            pytest.skip(f"{name} is not at hand")
        return found

    return path


@pytest.fixture(scope="session")
def target(shared: Callable[[str], Path]) -> Callable[[str], dict]:
    """Read a file of published values."""
    return lambda name: json.loads(shared(f"targets/{name}").read_text(encoding="utf-8"))
