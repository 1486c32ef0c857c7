"""What is given from Python where a number, a list or a path is meant: NumPy's and pandas' count as Python's."""

from __future__ import annotations

import os
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Refusal, shown

MOST_WHOLE = (1 << 63) - 1  # what a TOML file can hold


def whole(place: str, value: Any, *, low: int, high: int = MOST_WHOLE) -> int:
    """Return a whole number as Python's int; refuse anything else, True and False too, and one outside [low, high]."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise Refusal(f"= {shown(plain(value))} is not a whole number", place=place)
    number = int(value)
    if not low <= number <= high:
        above = "2^63)" if high == MOST_WHOLE else f"{high}]"
        raise Refusal(f"= {shown(number)} is outside [{low}, {above}", place=place)
    return number


def path(place: str, value: Any, step: str = "") -> Path:
    """Return a path; refuse anything but text or a path.

    step : what to do instead, which ends the sentence: "; write …"
    """
    if not isinstance(value, str | os.PathLike):
        raise Refusal(f"= {shown(value)} is not a path{step}", place=place)
    return Path(value)


def plain(value: Any) -> Any:
    """Return a number of NumPy as Python's, an array or a series of pandas as a list; anything else as it is."""
    if isinstance(value, np.generic):
        return value.item()
    is_row = hasattr(value, "__array__") and hasattr(value, "tolist") and not isinstance(value, type)
    return value.tolist() if is_row else value
