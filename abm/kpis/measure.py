"""Measures: KPIs and readings, asked for in one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from abm.core.errors import Refusal, shown
from abm.core.given import plain
from abm.kpis.kpi import FloatArray, Kpi, Tallied, WrongMeasure
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


def _checked(kpi: Kpi, tallied: Tallied, shape: tuple[int, ...]) -> FloatArray:
    """Return what a KPI makes of counts: (..., m).

    Raises Refusal, with the KPI's name, if its function raises, WrongMeasure if it returns anything else.
    """
    try:
        values = np.asarray(kpi.function(tallied))
    except Exception as error:  # whatever it is, the name of the KPI is what its author has to know
        raise Refusal(f"KPI {kpi.name!r} raised {type(error).__name__}: {error}") from error
    if values.dtype.kind not in "biuf":
        raise WrongMeasure(f"KPI {kpi.name!r} returned {shown(plain(values))}; it has to return numbers, one a firm")
    if values.shape != shape:
        came = f"an array of shape {values.shape}" if values.ndim else f"the one number {values.item():g}"
        raise WrongMeasure(f"KPI {kpi.name!r} returned {came}; it has to return one number a firm, {shape}")
    return values


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
                block[..., k] = _checked(measure, tallied, shape)
    block[~np.isfinite(block)] = np.nan
    return block
