"""One small study for all tests of what people look at: run once, read by all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

import abm

STUDY = {
    "name": "small",
    "question": "Is <service> & care worth its cost?",
    "seed": 5,
    "replications": 4,
    "kpis": ["profit", "share_of_wallet", "csi", "programme_cost"],
    "scenario": {
        "periods": 60,
        "burn_in": 8,
        "population": {"customers": 60},
        "firms": [{"name": "north"}, {"name": "south", "price": 1.1}],
        "choice": {"attraction": 7.0, "outside": -0.9},
    },
    "arms": {
        "none": {},
        "points": {"firms.north.program": {"preset": "points"}},
        "service": {"firms.north.service.quality": 0.95},
    },
    "design": {"method": "grid", "factors": {"word_of_mouth.contact_rate": [0.0, 0.5]}},
    "expect": [
        {"kpi": "csi", "arm": "service", "above": 0, "why": "<somebody> 1999"},
        {"kpi": "csi", "level": True, "below": 1},
        {"kpi": "profit", "arm": "points", "within": 0.01},
    ],
}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close the figures that a test has drawn: pyplot keeps them, and warns of many."""
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder."""
    place = tmp_path_factory.mktemp("results") / "small"
    abm.run(abm.Experiment.from_dict(STUDY), store=place, workers=1)
    return place


@pytest.fixture(scope="session")
def results(folder: Path) -> abm.Results:
    """The results in it."""
    return abm.read(folder)
