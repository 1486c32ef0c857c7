"""Levers that are moved for a time, from what the firm has set and back to it.

Claim and sources: on the page of the theory, competition.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor, isnan
from typing import Any

import numpy as np

from abm.core.parameters import meaning_of
from abm.mechanisms.market.stances import ATTACK, LEVERS, MOVES, PRICE, QUALITY, Move
from abm.mechanisms.policy import NUMBER, hundredths
from abm.world.world import World

_DECIMALS = 9  # to which a number is rounded before it is made whole


def target(move: Move, base: float, size: float) -> float:
    """Return what a lever is moved to from what the firm has set; `size` is 0 or more."""
    step = move.sign * size
    if move.how == "times":
        return base * (1.0 + step)
    return base + (step if move.how == "plus" else step * (1.0 - base))


def within(field: Any, value: float, base: float) -> float:
    """Return a lever's new value within the bounds of its parameter; it is no further outside than what is set.

    A whole number is rounded away from what is set, so that few servers are moved too (after rounding to 9 decimals, as
    10 * 1.1 is more than 11 in float64); one that was 1 or more stays so: a line that has servers keeps one.
    """
    meaning = meaning_of(field)
    low, high = (None, None) if meaning is None or meaning.bounds is None else meaning.bounds
    if isinstance(field.default, int):
        value = round(value, _DECIMALS)
        value = float(ceil(value) if value > base else floor(value))
        value = max(value, 1.0) if base >= 1.0 else value
    value = value if low is None else max(value, min(low, base))
    return value if high is None else min(value, max(high, base))


def said(firm: Any, policy: str, lever: str) -> float | None:
    """Return what a firm sets; None if it does without the section."""
    owner = getattr(firm, policy) if policy else firm
    return None if owner is None else float(getattr(owner, lever))


def field_of(firm: Any, policy: str, lever: str) -> Any:
    """Return the parameter that a lever is."""
    return type(getattr(firm, policy) if policy else firm).model_fields[lever]


def read(held: np.generic) -> float:
    """Return a lever as it is held as a number: a float32 by its shortest decimals, cents in cu."""
    return float(NUMBER.back(held) or 0.0) if held.dtype == np.float32 else held.item() / _parts(held.dtype)


def held_as(value: float, dtype: np.dtype) -> Any:
    """Return a number as a lever of a numpy type holds it."""
    return hundredths(value) if dtype == np.int64 else dtype.type(value)


def _parts(dtype: np.dtype) -> int:
    return 100 if dtype == np.int64 else 1


def move_levers(world: World, still: Any, stances: Any, sizes: Mapping[str, float]) -> None:
    """Put every lever of every open firm where its stance moves it, or back to what the firm has set.

    still : the scenario as it says things for the period      stances (m,)  in force, -1 = the firm is left alone
    sizes : of moves, by the names of parameters

    The base of a lever is at first what it is. If the scenario says another value than in the period before, that is
    the new base; else, if the lever is not where it was last put, somebody has moved it, and what it is now is the
    base. So a dated change, also one in steps, counts from its date, and to a lever that a stance has moved it adds the
    stance's move. What is set by hand during a run counts too, unless it is just where the stance has put the lever.
    """
    state = world.customers
    for k, (theory, policy, lever) in enumerate(LEVERS):
        if getattr(still, theory) is None or theory in still.off:
            continue
        held = world.firms[lever]
        for j, firm in enumerate(still.firms):
            says = said(firm, policy, lever) if stances[j] >= 0 else None
            if says is None:
                continue
            actual = read(held[j])
            if isnan(state.lever_said[k, j]):
                state.lever_base[k, j] = actual
            elif says != state.lever_said[k, j]:
                state.lever_base[k, j] = says
            elif actual != state.lever_written[k, j]:
                state.lever_base[k, j] = actual
            value = _moved(world, j, int(stances[j]), lever, state.lever_base[k, j], sizes)
            if value is not None:
                value = within(field_of(firm, policy, lever), value, state.lever_base[k, j])
            held[j] = held_as(state.lever_base[k, j] if value is None else value, held.dtype)
            state.lever_said[k, j], state.lever_written[k, j] = says, read(held[j])


def _moved(world: World, j: int, stance: int, lever: str, base: float, sizes: Mapping[str, float]) -> float | None:
    """Return where a stance moves a lever, before its bounds; None if it does not.

    An attack does not cut a price that is below the cheapest rival's as seen by `price_cut` of that or more, and does
    not raise a quality that is above the best rival's as tested by `quality_step` or more; without news it does both.
    It does not go below the cost of goods, unless the firm was there before.
    """
    for move in MOVES[stance]:
        if move.lever == lever:
            size = sizes[move.size] if move.size else 1.0
            if stance == ATTACK and _is_ahead(world, j, move, base, size):
                return None
            value = target(move, base, size)
            if stance == ATTACK and move == PRICE:
                value = max(value, min(base, read(world.firms.unit_cost[j])))
            return value
    return None


def _is_ahead(world: World, j: int, move: Move, base: float, size: float) -> bool:
    state = world.customers
    if move == PRICE:
        return base <= float(state.rival_price_seen[j]) * (1.0 - size)  # in float64, as bases are
    return move == QUALITY and base >= float(state.rival_quality_seen[j]) + size
