"""What the tests of lines share: values that others have worked out, and a chain that is added up state by state."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[1] / "data"


@pytest.fixture(scope="session")
def reference() -> dict:
    """Return tests/data/queues.json."""
    return json.loads((DATA / "queues.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def chain() -> Callable[[Callable, Callable, int], list[float]]:
    """Return the long-run chances of 0 … last in a chain, from its rates up and down, in plain numbers."""

    def solved(up, down, last):
        weights = [1.0]
        for k in range(last):
            weights.append(weights[-1] * up(k) / down(k + 1))
        return [weight / sum(weights) for weight in weights]

    return solved
