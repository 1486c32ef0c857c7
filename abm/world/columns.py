"""Columns: the state of the market as arrays, one owner each.

A customer is a row; a column with a firm axis is (m, n), so that a firm's row lies contiguous over customers. What
passes between mechanisms within a period has a visit axis: one entry an occasion, kept only while a tile is worked
on. Kernels that work visit by visit take a column with a firm axis as one row of pairs, `trust_at[pair]`, where
`visit_pair` says which pair of firm and customer a visit is of: one index instead of a calculation for each column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any

import numpy as np

from abm.core.errors import Refusal, did_you_mean
from abm.core.functions import STEPS

TILE = 1024  # customers worked on at a time, at least: their columns stay in cache from mechanism to mechanism
MOST_OCCASIONS = 15  # of one customer in one period
HIGHEST_RATE = 8.0  # occasions per period; above it a period is too long to be one decision a visit
MOST_FIRMS = 16  # a customer's active firms travel to neighbours as 16 bits
FACETS = (
    "economic_risk", "evaluation", "learning", "set_up", "benefit_loss", "monetary_loss",
    "personal_relationship", "brand_relationship",
)  # fmt: skip
TIERS = 5  # levels of a programme, the base level included
ACCOUNTS = ("", "revenue", "goods", "lever", "forgone", "fixed")
BEFORE = "_before"  # ends the name of a lever as it was when the period before ended
ROW = "_row"  # ends the name of the place of a tally in `history`, what was counted in the periods before
PASSING = ("visit", "row", "one", "log")  # last axes of columns that each worker has for itself, none of them kept


@dataclass(frozen=True)
class Column:
    """An array of state with one owner.

    name    : the field's term; kernels that take it have a parameter of this name
    axes    : of its shape: "customer", "firm", "visit" (an entry an occasion), "row" (an entry a customer of the tile),
              "one", "facet", "tier", "luck", or an axis that its mechanism declares; a last axis of PASSING, or a first
              one "visit" (a record an occasion), means that the column lives only while a tile is worked on
    default : value at the start
    unit    : of one entry
    """

    name: str
    axes: tuple[str, ...]
    default: float
    unit: str
    meaning: str
    dtype: str = "float32"

    @property
    def passing(self) -> bool:
        """Whether the column lives only while a tile is worked on."""
        return self.axes[-1] in PASSING or self.axes[0] == "visit"


@dataclass(frozen=True)
class Tally:
    """Whole numbers counted for each firm and for nobody: what KPIs are made of.

    A kernel that takes it sees an int64 array (*axes, m + 1).

    scale   : of one count in `unit` (cents -> 0.01, fixed-point sums of 0-1 states -> 2**-20)
    stock   : kept from period to period (a flow starts each period at 0)
    axes    : further axes, before that of the firms: of every world, or declared by the mechanism
    account : of money, what it is in the books of a firm: "revenue", "goods", "lever" (what a lever costs), "forgone"
              (money not received), "fixed"; "" = it is in no book
    """

    name: str
    unit: str
    meaning: str
    scale: float = 1.0
    stock: bool = False
    axes: tuple[str, ...] = ()
    account: str = ""

    def __post_init__(self) -> None:
        if self.account not in ACCOUNTS:
            known = did_you_mean(self.account, ACCOUNTS) or f" (accounts: {', '.join(filter(None, ACCOUNTS))})"
            raise Refusal(f"tally {self.name!r} has no account {self.account!r}{known}")


FIXED_POINT = STEPS  # sums of states are counted in whole 2**-20, see `in_steps`
CENT = 0.01
_MOST_NAMED = 12  # columns, where a line says which there are
_ALIGNED = 8  # bytes, of the largest number


class Columns(Mapping[str, np.ndarray]):
    """Arrays by name, as attributes and items; written in place, never rebound."""

    def __init__(self, arrays: Mapping[str, np.ndarray] | None = None) -> None:
        self.__dict__["_arrays"] = dict(arrays or {})

    def __getattr__(self, name: str) -> np.ndarray:
        try:
            return self.__dict__["_arrays"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"columns are written in place: {name}[:] = ...")

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        more = [f"… {len(self):,} in all"] if len(self) > _MOST_NAMED else []
        return f"<{type(self).__name__}: {', '.join([*islice(self, _MOST_NAMED), *more]) or 'none'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Columns, (self._arrays,)

    def add(self, name: str, array: np.ndarray) -> None:
        """Add a new array."""
        self._arrays[name] = array


class Block(Columns):
    """Arrays by name that are copies of given ones, side by side in one piece of memory.

    memory : all of them as bytes, so that hundreds of small arrays are compared or set at once
    """

    memory: np.ndarray

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        starts = [0, *accumulate(-(-array.nbytes // _ALIGNED) * _ALIGNED for array in arrays.values())]
        memory = np.zeros(starts[-1], np.uint8)
        parts = zip(starts, arrays.items(), strict=False)
        super().__init__({name: np.ndarray(a.shape, a.dtype, memory, start) for start, (name, a) in parts})
        self.__dict__["memory"] = memory
        if isinstance(arrays, Block):
            memory[:] = arrays.memory
        else:
            for name, array in arrays.items():
                self[name][...] = array

    def __reduce__(self) -> tuple[Any, ...]:
        return Block, (dict(self),)
