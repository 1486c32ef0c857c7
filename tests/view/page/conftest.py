"""A small study in two arms, and an exploration of it that ends with the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import abm
from abm.view.page.exploration import Exploration
from tests.view.page.small_study import STUDY


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> abm.Experiment:
    """The study, from a file."""
    path = tmp_path_factory.mktemp("studies") / "small.toml"
    path.write_text(STUDY)
    return abm.load(path)


@pytest.fixture
def exploration(study: abm.Experiment) -> Iterator[Exploration]:
    """An exploration that has begun."""
    made = Exploration(study, most=30)
    made.start()
    yield made
    made.close()
