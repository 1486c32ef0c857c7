"""Searching a value whose gap is nought: a bracket, then the Illinois variant of the secant.

A search is a generator: it yields a value, is sent the gap there, and returns the value whose gap is within the
tolerance. It asks for one value after the other and depends on nothing but their gaps. Nothing is assumed of the
direction in which the gap grows; between two gaps of opposite signs there is a value without one, or a jump.

Source: Dowell & Jarratt 1971, BIT 11, 168-174 (from memory): the Illinois algorithm.
"""

from __future__ import annotations

import math
from collections.abc import Generator

Search = Generator[float, float, float]

DIGITS = 6  # significant, of all values tried, so that they are printed exactly
FIRST_STEP = 0.1  # of the present value, or of 1 if that is 0
GROWTH = 2.0  # times as long is the next step


class NotFound(Exception):
    """There is no value within the tolerance: the gap has one sign at the two values, or jumps between them."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high)
        self.low, self.high = low, high


def rounded(value: float) -> float:
    """Return a value as it is printed."""
    return float(f"{value:.{DIGITS}g}")


def between(low: float, high: float, tolerance: float) -> Search:
    """Search between two values.  Raises NotFound."""
    gap_low = yield low
    if abs(gap_low) <= tolerance:
        return low
    gap_high = yield high
    if abs(gap_high) <= tolerance:
        return high
    return (yield from _narrowed(low, gap_low, high, gap_high, tolerance))


def around(start: float, lowest: float, highest: float, tolerance: float) -> Search:
    """Search in ever longer steps from a value, on the side where the gap is smaller, up to its bounds."""
    ends = [(start, (yield start))] * 2
    if abs(ends[0][1]) <= tolerance:
        return start
    bounds, step = (lowest, highest), FIRST_STEP * (abs(start) or 1.0)
    steps = [-step, step]
    while open_sides := [side for side in (1, 0) if ends[side][0] != bounds[side]]:
        side = min(open_sides, key=lambda one: abs(ends[one][1]))
        last, gap_last = ends[side]
        value = min(max(rounded(last + steps[side]), lowest), highest)
        if not math.isfinite(value):
            break
        gap = yield value
        if abs(gap) <= tolerance:
            return value
        if (gap > 0) != (gap_last > 0):
            (low, gap_low), (high, gap_high) = sorted([(last, gap_last), (value, gap)])
            return (yield from _narrowed(low, gap_low, high, gap_high, tolerance))
        ends[side], steps[side] = (value, gap), GROWTH * steps[side]
    raise NotFound(ends[0][0], ends[1][0])


def _narrowed(low: float, gap_low: float, high: float, gap_high: float, tolerance: float) -> Search:
    """Search in a bracket; an end that stays twice counts half, so that the other one moves too."""
    if (gap_low > 0) == (gap_high > 0):
        raise NotFound(low, high)
    kept = ""
    while True:
        value = rounded(low + (high - low) * gap_low / (gap_low - gap_high))
        if not low < value < high:
            value = rounded((low + high) / 2)
        if not low < value < high:
            raise NotFound(low, high)
        gap = yield value
        if abs(gap) <= tolerance:
            return value
        if (gap > 0) == (gap_low > 0):
            low, gap_low = value, gap
            gap_high, kept = gap_high / 2 if kept == "high" else gap_high, "high"
        else:
            high, gap_high = value, gap
            gap_low, kept = gap_low / 2 if kept == "low" else gap_low, "low"
