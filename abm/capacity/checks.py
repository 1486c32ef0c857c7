"""What is given to the formulas of capacity, checked once, at the door."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm.core.errors import CONTINUES, Refusal

FloatArray = NDArray[np.float64]

_ROUNDING = 1e-9  # by which shares that were added up may miss 1


def numbers(name: str, values: ArrayLike, low: float = 0.0, high: float = math.inf) -> FloatArray:
    """Return `values` as float64 in their shape.  Raises Refusal for the first that is not in [low, high]."""
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise Refusal("is not made of numbers", place=name) from None
    wrong = ~(np.isfinite(array) & (array >= low) & (array <= high))
    if wrong.any():
        first = tuple(np.argwhere(wrong)[0])
        place = f"{name}[{', '.join(map(str, first))}]" if first else name
        allowed = f"{low:g} or more" if math.isinf(high) else f"in [{low:g}, {high:g}]"
        raise Refusal(f"{CONTINUES}{array[first]:g} is not a finite number {allowed}", place=place)
    return array


def number(name: str, value: float, low: float = 0.0, high: float = math.inf) -> float:
    """Return one number in [low, high].  Raises Refusal."""
    array = numbers(name, value, low, high)
    if array.ndim:
        raise Refusal(f"has shape {array.shape}; give one number", place=name)
    return float(array)


def count(name: str, value: float, low: int = 0) -> int:
    """Return a whole number of `low` or more.  Raises Refusal."""
    found = number(name, value, low)
    if found != math.floor(found):
        raise Refusal(f"{CONTINUES}{found:g} is not a whole number; round it", place=name)
    return int(found)


def distribution(name: str, probabilities: ArrayLike) -> FloatArray:
    """Return the probabilities (k,) of 0, 1, … k - 1.  Raises Refusal where they do not add to 1."""
    found = numbers(name, probabilities, 0.0, 1.0)
    if found.ndim != 1 or not found.size:
        raise Refusal(f"has shape {found.shape}; give one probability each for 0, 1, 2 …", place=name)
    if abs(total := math.fsum(found)) > 1.0 + _ROUNDING or total < 1.0 - _ROUNDING:
        raise Refusal(f"add to {total:.10g}, not 1; divide each by it", place=name)
    return found
