"""Ties as a file or a graph lists them, and who the labels are.

If all labels are whole numbers they are customer ids, from 0; from 1 where 0 does not occur and the number of customers
does. If none is they are names, numbered in order of appearance. A mixture is refused, because a slip of the pen would
make names of all numbers; so is a number in two spellings (1 and 01): one person or two, nobody knows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from abm.core.errors import Refusal, shown

HIGHEST_ID = 2**31 - 3
HEAVIEST = float(np.finfo(np.float32).max)
HEADER = "a header reads 'source,target' or 'from to'"
NOT_A_WEIGHT = "is not a finite number of at least 0"
FROM_1 = "customers are numbered from 1 in it"

_WHOLE = re.compile(r"[+-]?[0-9]+")
_LONGEST_ID = 18  # digits that surely fit 64 bits


@dataclass(frozen=True, eq=False)
class TieList:
    """Ties as they are listed: self-loops and repeated ties are still in.

    sender, receiver : (L,) customer ids       weight : (L,) >= 0, or None = the list has no weights
    people           : customers 0..people - 1 are known to the list
    labels           : (people,) names of the customers, () = they are called by their ids
    notes            : what was decided in reading, in words
    """

    sender: NDArray[np.int32]
    receiver: NDArray[np.int32]
    weight: NDArray[np.float32] | None
    people: int
    labels: tuple[Hashable, ...] = ()
    notes: tuple[str, ...] = ()


def whole(label: str) -> bool:
    """Return whether a label is a whole number."""
    return bool(_WHOLE.fullmatch(label))


def weight_or_none(text: str) -> float | None:
    """Return a weight as it is written, None for text that is not a finite number of at least 0."""
    try:
        weight = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return None
    return weight if 0 <= weight <= HEAVIEST else None


def counted_from_1(ids: NDArray[np.int64], customers: int | None) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return ids from 0, and a note, of those that plainly count from 1: none is 0, and one the number of customers."""
    if customers is not None and ids.min() >= 1 and ids.max() == customers:
        return ids - 1, (FROM_1,)
    return ids, ()


def customers_of(
    labels: Sequence[str], lines: Sequence[int], customers: int | None, source: str
) -> tuple[NDArray[np.int32], int, tuple[str, ...], tuple[str, ...]]:
    """Return the id of each label, the number of people, their names (() for whole numbers) and notes.

    labels : as written, in order of appearance
    lines  : (len(labels),) where each appeared first, 0 = not in a line
    """

    def refuse(at: int, message: str) -> NoReturn:
        raise Refusal(message, place=f"line {lines[at]}" if lines[at] else "", source=source)

    numeric = list(map(whole, labels))
    if not any(numeric):
        return np.arange(len(labels), dtype=np.int32), _people(len(labels), customers, source), tuple(labels), ()
    if not all(numeric):
        odd = numeric.index(not numeric[0])
        if numeric[0]:
            refuse(odd, f"{shown(labels[odd])} is not a whole number, as the customers before it are")
        refuse(odd, f"{shown(labels[odd])} is a whole number after names; use one or the other ({HEADER})")
    spelled: dict[int, int] = {}
    highest = HIGHEST_ID if customers is None else customers - 1
    numbers = [int(label) if len(label) <= _LONGEST_ID else 2 * HIGHEST_ID for label in labels]
    ids, notes = counted_from_1(np.array(numbers), customers)
    for at, number in enumerate(ids.tolist()):
        if not 0 <= number <= highest:
            refuse(at, f"customer {labels[at][:20]} does not exist; customers are numbered from 0 to {highest}")
        if number in spelled:
            other = labels[spelled[number]]
            refuse(at, f"{labels[at]} and {other} read as the same customer; write her in one way only")
        spelled[number] = at
    return ids.astype(np.int32), customers if customers is not None else int(ids.max()) + 1, (), notes


def _people(found: int, customers: int | None, source: str) -> int:
    if customers is not None and found > customers:
        step = f"set population.customers = {found} or more"
        raise Refusal(f"has {found} people, but the population has {customers} customers; {step}", source=source)
    return found
