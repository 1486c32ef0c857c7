"""Sensitivity indices from outputs at the points of a design.   The only file that imports SALib.

The outputs may come from anywhere: a market, a function, a table. With several replications per point, under common
random numbers (the same replications at every point), they are averaged first, and the share of luck in what varies is
measured: what the points share of a replication's luck cancels, so that it is taken from the residuals of the two-way
layout point + replication. Source: the analysis of variance of a two-way layout without interaction, textbook.

A point counts only if it has a value in every replication that counts, since averages over other replications would
bring in other luck; a sample (a block of a Saltelli design, a Morris trajectory) only if all of its points do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from abm.core.errors import Refusal
from abm.core.streams import stream_key
from abm.study.plan.design import Design
from abm.study.plan.sampling import LEVELS, METHODS, STEP
from abm.study.provenance.digest import canonical
from abm.study.statistics.paired import interval

FloatArray = np.ndarray
Outputs = Callable[[dict[str, Any]], float] | FloatArray

FEWEST = {"saltelli": 8, "morris": 4}  # samples that must remain
RESAMPLES = 200  # of the bootstrap behind the intervals of Sobol and Morris indices
_FLAT = 1e-12  # a spread, as a share of the mean, that is nothing but rounding


@dataclass(frozen=True, eq=False)
class Analysis:
    """How far each factor moves an output.

    table : a row per factor, the most influential first
            saltelli : factor, first_order, first_order_low, _high, total_order, total_order_low, _high, luck
            morris   : factor, mu_star, mu_star_low, _high, mu, sigma, luck; per whole range, in the output's unit
            list     : factor, base (its value at the first point), setting, difference (what the setting changes), low,
                       high, swing (from the lowest to the highest); a row for each setting tried
            luck     : the total order, or mu*, that a factor would get if it changed nothing but who is lucky
    mean, sd     : of the averaged output over the points
    noise_share  : share of that variance that is luck of the replications; NaN with a single replication
    samples      : that count, of those that were asked for `dropped` did not: a value is missing at some point
    replications : that count; `left_out` did not, since fewer than half of the points had a value
    """

    table: pd.DataFrame
    mean: float
    sd: float
    noise_share: float
    samples: int
    dropped: int
    replications: int
    left_out: int


def analyse(design: Design, outputs: Outputs, confidence: float = 0.95) -> Analysis:
    """Work out how far each factor of a design moves an output.

    design  : "saltelli" (Sobol indices), "morris" (elementary effects), or "list" (one factor at a time: each point
              differs from the first in one factor)
    outputs : function of a point, {path: value} -> number; or (points,) or (points, replications), NaN where missing

    Sobol: estimators of Saltelli et al. 2010 as in SALib, normal intervals by a bootstrap over samples. Morris: mean
    and standard deviation of elementary effects per whole range, mu* of their absolute values. List: differences with
    intervals by Student's t over replications.

    Raises Refusal for another design, outputs of another shape, and if too few samples have a value.
    """
    check_confidence(confidence)
    if design.method not in (*FEWEST, "list"):
        raise Refusal(f'= "{design.method}" is no design for sensitivity; use saltelli, morris or list', place="method")
    block = _block(design, outputs)
    kept = np.isfinite(block).mean(axis=0) >= 0.5
    block = block[:, kept]
    if not block.shape[1]:
        raise Refusal("fewer than half of the points have a value in any replication; see which runs failed")
    whole = np.isfinite(block).all(axis=1)
    means = np.where(whole, np.where(np.isfinite(block), block, 0.0).mean(axis=1), np.nan)
    size = METHODS[design.method].rows(len(design.factors)) if design.is_drawn else 1
    samples = design.index.reshape(-1, size)
    counted = whole[samples].all(axis=1)
    used = samples[counted]
    _check_enough(design, len(used), len(samples), bool(whole[0]))
    values = means[used]
    rows = values[:, [0, -1]] if design.method == "saltelli" else values  # A and B are spread over the whole space
    flat = bool(np.ptp(values) <= _FLAT * np.abs(values).max())
    variance = 0.0 if flat else float(np.var(rows))
    if design.method == "saltelli":
        table = _sobol(design, values, flat, confidence, block[used], variance)
    elif design.method == "morris":
        unit = design.unit.reshape(*samples.shape, -1)[counted]
        table = _morris(design, values, unit, confidence, block[used])
    else:
        table = _one_at_a_time(design, block, whole, confidence)
    noise = float(np.minimum(1.0, _noise(block[whole]) / variance)) if variance else np.nan
    dropped, left_out = int((~counted).sum()), int((~kept).sum())
    return Analysis(table, float(rows.mean()), variance**0.5, noise, len(used), dropped, block.shape[1], left_out)


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that no interval can have."""
    if not 0 < confidence < 1:
        raise Refusal(f"= {confidence} is outside (0, 1)", place="confidence")


def _block(design: Design, outputs: Outputs) -> FloatArray:
    """Return outputs as (points, replications)."""
    if callable(outputs):
        outputs = np.array([outputs(point) for point in design.points], np.float64)
    block = np.asarray(outputs, np.float64)
    if block.ndim not in (1, 2) or len(block) != len(design) or not block.size:
        raise Refusal(f"outputs of shape {block.shape} are not ({len(design)},) or ({len(design)}, replications)")
    return block.reshape(len(design), -1)


def _check_enough(design: Design, used: int, asked: int, has_first: bool) -> None:
    if design.method == "list":
        if not has_first or used < 2:
            raise Refusal("the first point, or all others, have no value in some replication; see which runs failed")
        return
    fewest = FEWEST[design.method]
    if used < fewest:
        reason = (
            f"; {asked - used} were left out because a value is missing at one of their points" if used < asked else ""
        )
        raise Refusal(f"{used} of {asked} samples can be used and {fewest} are needed{reason}; take more samples")


def _noise(block: FloatArray) -> float:
    """Return the variance that luck gives the points' averages, the luck that all points share left out."""
    points, replications = block.shape
    if points < 2 or replications < 2:
        return float("nan")
    residuals = block - block.mean(axis=1, keepdims=True) - block.mean(axis=0) + block.mean()
    return float((residuals**2).sum() / ((points - 1) * (replications - 1)) / replications)


def _sobol(
    design: Design, values: FloatArray, flat: bool, confidence: float, block: FloatArray, variance: float
) -> pd.DataFrame:
    from SALib.analyze import sobol  # noqa: PLC0415 - slow to import

    names = list(design.factors)
    found: Mapping[str, Any] = dict.fromkeys(("S1", "S1_conf", "ST", "ST_conf"), np.full(len(names), np.nan))
    if not flat:
        found = sobol.analyze(
            _problem(names), values.ravel(), calc_second_order=False, num_resamples=RESAMPLES, conf_level=confidence,
            seed=_seed(design),
        )  # fmt: skip
    columns: dict[str, Any] = {"factor": names}
    for name, index in (("first_order", "S1"), ("total_order", "ST")):
        value, half = found[index], found[f"{index}_conf"]
        columns |= {name: value, f"{name}_low": value - half, f"{name}_high": value + half}
    steps = block[:, 1:-1] - block[:, :1]  # what the total order squares
    columns["luck"] = np.nan if flat else _squared_luck(steps).mean(axis=0) / 2 / variance
    return _ranked(pd.DataFrame(columns), "total_order")


def _morris(design: Design, values: FloatArray, unit: FloatArray, confidence: float, block: FloatArray) -> pd.DataFrame:
    from SALib.analyze import morris  # noqa: PLC0415 - slow to import

    names = list(design.factors)
    found = morris.analyze(
        _problem(names), unit.reshape(-1, len(names)), values.ravel(), num_resamples=RESAMPLES, conf_level=confidence,
        num_levels=LEVELS, seed=_seed(design),
    )  # fmt: skip
    star, half = np.asarray(found["mu_star"]), np.asarray(found["mu_star_conf"])
    moves = np.diff(unit, axis=1)  # (samples, steps, factors), one of them not 0 in each step
    squares = np.einsum(
        "sk,skd->sd", _squared_luck(np.diff(block, axis=1)), np.where(moves, 1 / STEP * (LEVELS - 1), 0) ** 2
    )
    columns = {
        "factor": names,
        "mu_star": star,
        "mu_star_low": np.maximum(star - half, 0.0),
        "mu_star_high": star + half,
        "mu": np.asarray(found["mu"]),
        "sigma": np.asarray(found["sigma"]),
        "luck": np.sqrt(2 / np.pi * squares).mean(axis=0),  # mean absolute value of a normal number
    }
    return _ranked(pd.DataFrame(columns), "mu_star")


def _squared_luck(steps: FloatArray) -> FloatArray:
    """Return the variance that luck gives the means of steps (…, replications); NaN for a single replication."""
    if steps.shape[-1] < 2:
        return np.full(steps.shape[:-1], np.nan)
    return np.asarray(steps.var(axis=-1, ddof=1) / steps.shape[-1])


def _one_at_a_time(design: Design, block: FloatArray, whole: FloatArray, confidence: float) -> pd.DataFrame:
    names, base = list(design.factors), design.rows[0]
    rows = []
    for point in range(1, len(design)):
        moved = [k for k, value in enumerate(design.rows[point]) if canonical(value) != canonical(base[k])]
        if len(moved) != 1:
            raise Refusal(f"point {point} differs from the first in {len(moved)} factors, not in one", place="design")
        found = interval(block[point] - block[0], confidence) if whole[point] else (np.nan, np.nan, np.nan, np.nan)
        rows.append((names[moved[0]], base[moved[0]], design.rows[point][moved[0]], *found[:3]))
    table = pd.DataFrame(rows, columns=["factor", "base", "setting", "difference", "low", "high"])
    by_factor = table.groupby("factor")["difference"]
    swing = np.maximum(by_factor.transform("max"), 0.0) - np.minimum(by_factor.transform("min"), 0.0)
    return _ranked(table.assign(swing=swing), "swing")


def _ranked(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the table with the largest first; equal ones, and settings of a factor, stay in the order they have."""
    return table.sort_values(by, ascending=False, kind="stable", na_position="last").reset_index(drop=True)


def _problem(names: list[str]) -> dict[str, Any]:
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _seed(design: Design) -> int:
    """Return the seed of the bootstrap, from that of the design; SALib takes 0 for none."""
    seed = design.study_seed if design.seed is None else design.seed
    return 1 + int(stream_key(seed or 0, "design.bootstrap")) % (2**31 - 1)
