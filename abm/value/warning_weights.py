"""Weights of warnings: what told in a run which customers of a firm had gone, as settings of its warnings.

Claim: a logit of what a firm sees (silence in gaps, visits, spend, slowing down, complaints) whose weights are those
that foretell best, on customers held out, who had gone by then.

A firm learns them from customers whose fate became known; here the truth of a run stands for that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, one_of
from abm.value.prediction import Prediction, predict

INPUTS = ("on_silence", "on_visits", "on_spend", "on_trend", "on_complaints")
_SEEN = ("known", "seen_first", "seen_last", "seen_visits", "seen_spend", "seen_gap")
_LEAST_GAP = 1e-3


@dataclass(frozen=True)
class WarningWeights:
    """Settings of a scenario with which it warns by what was learned, and how well that foretells.

    settings   : by path, such as "information.on_silence", for `Scenario.replace`
    prediction : of those held out
    """

    settings: dict[str, float | str]
    prediction: Prediction


def warning_weights(persons: pd.DataFrame, firm: str, test_share: float = 0.5, seed: int = 0) -> WarningWeights:
    """Fit the weights of `information.score = "logistic"` to persons of a run, by `predict`.

    persons : `results.persons` with the columns known, seen_first, seen_last, seen_visits, seen_spend, seen_gap,
              provider (the name of a firm, or its place) and exited, and seen_complaints, which may be missing; runs
              with another score than "recency" have them all
    Raises Refusal for columns that are missing, as `predict` does, and without scikit-learn.
    """
    wanted = [*(f"{name}.{firm}" for name in _SEEN), "provider", "exited", "period"]
    missing = [name for name in wanted if name not in persons or persons[name].isna().all()]
    if missing:
        raise Refusal(
            f"persons have no {one_of(missing)}; record the columns of {firm!r} in a market whose information.score is "
            '"logistic" or "alive"'
        )
    rows = persons[persons[f"known.{firm}"] > 0]
    table = _inputs(rows, firm)
    own = [name.removeprefix("known.") for name in persons if str(name).startswith("known.")].index(firm)
    stays = rows["provider"] == (own if pd.api.types.is_numeric_dtype(rows["provider"]) else firm)
    table["gone"] = (~stays | (rows["exited"] >= 0)).astype(float)
    for name in ("point", "replication", "customer"):
        if name in rows:
            table[name] = rows[name]
    found = predict(table, "gone", list(INPUTS), test_share, seed)
    weights = {name: float(found.coefficients.loc[name, "per_unit"]) for name in INPUTS}
    held = table.loc[found.probabilities.index, list(INPUTS)].to_numpy() @ np.array([weights[name] for name in INPUTS])
    chance = found.probabilities.to_numpy().clip(1e-12, 1.0 - 1e-12)
    weights["intercept"] = float(np.median(np.log(chance / (1.0 - chance)) - held))
    return WarningWeights({"information.score": "logistic", **_as_settings(weights)}, found)


def _as_settings(weights: dict[str, float]) -> dict[str, float]:
    return {f"information.{name}": value for name, value in weights.items()}


def _inputs(rows: pd.DataFrame, firm: str) -> pd.DataFrame:
    """Return the terms of the logit at the end of the period before `period`, one column each."""
    seen = {name: rows[f"{name}.{firm}"].to_numpy(np.float64) for name in _SEEN}
    gap, visits = seen["seen_gap"], seen["seen_visits"]
    silence = rows["period"].to_numpy(np.float64) - 1.0 - seen["seen_last"]
    mean = (seen["seen_last"] - seen["seen_first"]) / np.maximum(visits - 1.0, 1.0)
    known = (gap > 0) & (mean > 0)
    slowing = np.log(np.maximum(gap, _LEAST_GAP)) - np.log(np.maximum(mean, _LEAST_GAP))
    complaints = rows.get(f"seen_complaints.{firm}", pd.Series(0.0, rows.index)).fillna(0.0)
    terms = {
        "on_silence": np.where(gap > 0, silence / np.maximum(gap, _LEAST_GAP), 0.0),
        "on_visits": np.log(visits), "on_spend": np.log1p(0.01 * seen["seen_spend"]),
        "on_trend": np.where(known, slowing, 0.0), "on_complaints": complaints.to_numpy(np.float64),
    }  # fmt: skip
    return pd.DataFrame(terms, index=rows.index)
