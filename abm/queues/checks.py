"""What is given to the formulas of this room, checked once, at the door."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm.core.errors import Refusal

FloatArray = NDArray[np.float64]
MOST = 1_000_000  # servers, and customers in a room: more of them would only be a slip of the pen
SHORTEST = 1e-9  # minutes: a time of 0 has no rate


def numbers(
    name: str, values: ArrayLike, low: float = 0.0, high: float = math.inf, unit: str = "", whole: bool = False
) -> FloatArray:
    """Return `values` as floats of the same shape, all finite and from `low` to `high`, and whole if `whole`.

    unit : of the numbers, for the refusal      Raises Refusal naming the first entry that is not.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise Refusal("is not made of numbers", place=name) from None
    bad = ~(np.isfinite(array) & (array >= low) & (array <= high))
    if whole:
        bad |= array != np.floor(array)
    if bad.any():
        at = tuple(np.argwhere(bad)[0])
        place = f"{name}[{', '.join(map(str, at))}]" if at else name
        limits = f" of at least {low:g}" if math.isinf(high) else f" in [{low:g}, {high:g}]"
        allowed = f"a {'whole' if whole else 'finite'} number{limits}{f' ({unit})' if unit else ''}"
        raise Refusal(f"= {array[at]:g} is not {allowed}", place=place)
    return array


def number(name: str, value: ArrayLike, low: float = 0.0, high: float = math.inf, unit: str = "") -> float:
    """Return one number from `low` to `high`; raises Refusal."""
    return float(_single(name, numbers(name, value, low, high, unit)))


def count(name: str, value: ArrayLike, low: int = 1, high: int = MOST, unit: str = "") -> int:
    """Return one whole number from `low` to `high`; raises Refusal."""
    return int(_single(name, numbers(name, value, low, high, unit, whole=True)))


def column(name: str, values: ArrayLike, low: float = 0.0, high: float = math.inf, unit: str = "") -> FloatArray:
    """Return `values` as (n,), n at least 1, of numbers from `low` to `high`; raises Refusal."""
    array = numbers(name, values, low, high, unit)
    if array.ndim != 1 or not array.size:
        raise Refusal(f"has shape {array.shape}; a column of at least one number is expected", place=name)
    return array


def alike(name: str, values: ArrayLike, size: int, low: float = 0.0, unit: str = "") -> FloatArray:
    """Return `values` as (size,): one number stands for all; raises Refusal for another length."""
    array = numbers(name, values, low, unit=unit)
    if array.ndim == 0:
        return np.full(size, array)
    if array.shape != (size,):
        raise Refusal(f"has shape {array.shape}; one number, or one for each of {size}, is expected", place=name)
    return array


def stable(load: FloatArray, servers: FloatArray) -> None:
    """Refuse a load that is not below the number of servers: without impatience the line would grow without end."""
    over = load >= servers
    if np.any(over):
        at = np.argmax(over)
        much, few = (float(np.broadcast_to(one, over.shape).flat[at]) for one in (load, servers))
        raise Refusal(
            f"= {few:g} is not above the offered load of {much:g}, so that the line grows without end; "
            f"take at least {math.floor(much) + 1:d} servers, or a line with patience (impatient_line)",
            place="servers",
        )


def one_server(load: FloatArray) -> None:
    """Refuse an offered load of 1 erlang or more, under which the line of one server would grow without end."""
    if np.any(load >= 1.0):
        raise Refusal(
            f"= {float(np.max(load)):g} erlangs is not below the 1 that one server can bear; "
            "take fewer arrivals, shorter services or more servers",
            place="load",
        )


def _single(name: str, array: FloatArray) -> FloatArray:
    if array.ndim:
        raise Refusal(f"has shape {array.shape}; one number is expected", place=name)
    return array
