"""Digests of what a market has become: every column at the end, every tally and every KPI over all periods."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.kpis.standard import READINGS, STANDARD
from abm.scenario.scenario import Scenario
from tests.baselines.markets import MARKETS

RECORDED = Path(__file__).with_name("recorded.json")
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
SEED, REPLICATION = 20, 3


def digest(array: np.ndarray) -> str:
    """Return a digest of an array's numbers, whatever type holds them: a NaN is a NaN."""
    wide = array.astype(np.float64 if array.dtype.kind == "f" else np.int64)
    if wide.dtype.kind == "f":
        wide[np.isnan(wide)] = np.nan
    return hashlib.blake2b(np.ascontiguousarray(wide).tobytes(), digest_size=6).hexdigest()


def digests(market: str, threads: int = 1) -> dict[str, str]:
    """Return the digest of every column, tally and KPI of a market after all its periods."""
    scenario = Scenario.parse(MARKETS[market])
    engine = Engine(scenario, SEED, REPLICATION, threads, readings=READINGS)
    engine.run(scenario.periods)
    world = engine.world
    columns = {name: digest(array) for name, array in world.customers.items()}
    tallies = {f"{name} (tally)": digest(world.history[:, row]) for name, row in world.rows.items()}
    record = read(engine)
    measures = np.concatenate([record.by_period(STANDARD), record.summary(STANDARD)[None]])
    kpis = {f"{kpi.name} (KPI)": digest(measures[:, :, k]) for k, kpi in enumerate(STANDARD)}
    return dict(sorted({**columns, **tallies, **kpis}.items()))


def news() -> list[str]:
    """Return the first words of every `Numbers:` line of the changelog."""
    return [" ".join(line.split()) for line in re.findall(r"^Numbers:.*$", CHANGELOG.read_text("utf-8"), re.MULTILINE)]


def recorded() -> dict[str, Any]:
    """Return what was recorded: digests by market, and the changes of numbers that the changelog named then."""
    return json.loads(RECORDED.read_text("utf-8"))  # type: ignore[no-any-return]
