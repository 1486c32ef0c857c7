"""What is given to the functions of this package, checked once, at the door."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from abm.core.errors import Refusal, did_you_mean, one_of, shown

FloatArray = NDArray[np.float64]


def within(
    name: str, values: ArrayLike, low: float = -math.inf, high: float = math.inf, unit: str = "", whole: bool = False
) -> FloatArray:
    """Return `values` as floats of the same shape, all finite and from `low` to `high`, and whole if `whole`.

    unit : of the numbers, for the refusal      Raises Refusal naming the first entry that is not.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise Refusal(f"{name} is not made of numbers") from None
    bad = ~(np.isfinite(array) & (array >= low) & (array <= high))
    if whole:
        bad |= array != np.floor(array)
    if bad.any():
        at = np.argwhere(bad)[0]
        index = f"[{', '.join(map(str, at))}]" if at.size else ""
        allowed = f"a {'whole' if whole else 'finite'} number{_range(low, high)}{f' ({unit})' if unit else ''}"
        raise Refusal(f"{name}{index} = {array[tuple(at)]:g} is not {allowed}")
    return array


def whole_number(name: str, value: float, low: int, high: float = math.inf, unit: str = "") -> int:
    """Return one whole number from `low` to `high`; raises Refusal."""
    return int(one_number(name, value, low, high, unit, whole=True))


def one_number(
    name: str, value: ArrayLike, low: float = -math.inf, high: float = math.inf, unit: str = "", whole: bool = False
) -> float:
    """Return one number from `low` to `high`; raises Refusal."""
    array = within(name, value, low, high, unit, whole)
    if array.ndim:
        raise Refusal(f"{name} has shape {array.shape}; one number is expected")
    return float(array)


def column_of(
    name: str,
    values: ArrayLike,
    low: float = -math.inf,
    high: float = math.inf,
    unit: str = "",
    whole: bool = False,
) -> FloatArray:
    """Return `values` as (n,), n at least 1, of numbers as `within` has them; raises Refusal."""
    array = within(name, values, low, high, unit, whole)
    if array.ndim != 1 or not array.size:
        raise Refusal(f"{name} has shape {array.shape}; a column of at least one number is expected")
    return array


def has_columns(table: pd.DataFrame, names: Iterable[str]) -> None:
    """Refuse a table without one of the columns."""
    for name in names:
        if name not in table:
            columns = [str(column) for column in table.columns]
            near = did_you_mean(name, columns) or f"; there is {one_of(columns) or 'none'}"
            raise Refusal(f"the table has no column {shown(name)}{near}")


def once_each(name: str, customers: pd.Index) -> None:
    """Refuse an index of customers in which one comes twice, or nobody."""
    if not len(customers):
        raise Refusal(f"{name} has no customer")
    if customers.has_duplicates:
        twice = customers[customers.duplicated()][0]
        raise Refusal(f"{name} has customer {shown(twice)} more than once; a row per customer is expected")


def _range(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(high):
        return f" of at least {low:g}"
    return f" of at most {high:g}" if math.isinf(low) else f" in [{low:g}, {high:g}]"
