"""Measures: KPIs and readings, asked for in one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from abm.core.errors import Refusal
from abm.kpis.kpi import FloatArray, Kpi, Tallied
from abm.kpis.reading import Reading

Measure = Kpi | Reading


def readings_in(measures: Iterable[Measure]) -> tuple[Reading, ...]:
    """Return the readings among measures."""
    return tuple(measure for measure in measures if isinstance(measure, Reading))


def taken_of(readings: Mapping[Reading, FloatArray], wanted: Reading) -> FloatArray:
    """Return what was taken of a reading.  Raises Refusal if nobody asked for it before the run."""
    if wanted not in readings:
        raise Refusal(f"reading {wanted.name!r} was not taken in this run; name it in kpis when the run is built")
    return readings[wanted]


def measured(
    measures: Sequence[Measure], tallied: Tallied, readings: Mapping[Reading, FloatArray], shape: tuple[int, ...]
) -> FloatArray:
    """Return several measures, each of a shape (..., m): (..., m, measures) float64, NaN as for one.

    readings : what was taken of each (..., m)
    """
    block = np.empty((*shape, len(measures)), np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        for k, measure in enumerate(measures):
            if isinstance(measure, Reading):
                block[..., k] = taken_of(readings, measure)
            else:
                block[..., k] = measure.function(tallied)
    block[~np.isfinite(block)] = np.nan
    return block
