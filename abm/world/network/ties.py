"""Ties: the graph as compressed rows, and how strong each tie is.

A list of ties becomes rows by counting: degrees are summed up to row starts, both directions of every tie are
put into their rows, and each row is sorted where it stands. No sort ever goes over all ties.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.streams import uniform4

STRENGTH = 15  # draw of the graph's stream; generators.py has the others

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ties:
    """The graph: customer i is tied to target[start[i] : start[i + 1]].

    start   : (n + 1,) int64                   target : (E,) int32, customer ids, ascending within a row
    weight  : (E,) float32, strength; both directions of a tie are in and weigh the same, E = 2 × ties
    dropped : "self_loops" left out of the graph the ties were made from, and "duplicates" joined to the first
    labels  : what the first customers were called there, () = all by their ids
    Arrays are shared between runs: never written after building.
    """

    start: Int64
    target: Int32
    weight: Float32
    dropped: Mapping[str, int] = field(default_factory=lambda: {"self_loops": 0, "duplicates": 0})
    labels: tuple[Hashable, ...] = ()

    @property
    def customers(self) -> int:
        """Number of customers, n."""
        return self.start.size - 1

    @property
    def ties(self) -> int:
        """Number of undirected ties."""
        return self.target.size // 2

    @property
    def degree(self) -> Int64:
        """Ties of each customer, (n,)."""
        return np.diff(self.start)

    @property
    def sender(self) -> Int32:
        """The customer whose row each entry is in, (E,)."""
        return senders(self.start)

    def __eq__(self, other: object) -> bool:
        """Same customers, labels, ties and weights; what was dropped on the way does not matter."""
        if not isinstance(other, Ties):
            return NotImplemented
        return self.labels == other.labels and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in ("start", "target", "weight")
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Ties(customers={self.customers}, ties={self.ties})"

    def check(self) -> None:
        """Raise Refusal unless the arrays are what the class says: for ties that were made by hand."""
        for name, kind in (("start", np.int64), ("target", np.int32), ("weight", np.float32)):
            if getattr(self, name).dtype != kind or getattr(self, name).ndim != 1:
                raise Refusal(f"must be one-dimensional {np.dtype(kind)}", place=f"Ties.{name}")
        size = self.target.size
        if self.start[:1].tolist() != [0] or self.start[-1] != size or np.any(self.degree < 0):
            raise Refusal(f"must rise from 0 to the {size} entries of target", place="Ties.start")
        sender, target = self.sender, self.target
        if size and not 0 <= target.min() <= target.max() < self.customers:
            raise Refusal(f"must lie in [0, {self.customers - 1}]", place="Ties.target")
        if np.any(sender == target):
            raise Refusal("a customer is tied to herself", place="Ties.target")
        if np.any((np.diff(target) <= 0) & (np.diff(sender) == 0)):
            raise Refusal("each row must ascend and name a customer once", place="Ties.target")
        back = np.lexsort((sender, target))
        if not (np.array_equal(sender[back], target) and np.array_equal(target[back], sender)):
            raise Refusal("every tie must be in the rows of both customers", place="Ties.target")
        if self.weight.size != size or not np.all(np.isfinite(self.weight) & (self.weight >= 0)):
            raise Refusal(f"must be {size} finite numbers of at least 0", place="Ties.weight")
        if not np.array_equal(self.weight[back], self.weight):
            raise Refusal("both directions of a tie must weigh the same", place="Ties.weight")


def senders(start: Int64) -> Int32:
    """Return the customer whose row each entry is in, (E,)."""
    return np.repeat(np.arange(start.size - 1, dtype=np.int32), np.diff(start))


# ---- rows -----------------------------------------------------------------------------------------------


@kernel
def count_ties(sender, receiver, start):
    """Add up the ties of the customers before i.  Writes `start` (n + 1,), given as zeros."""
    for e in range(sender.shape[0]):
        start[sender[e] + 1] += 1
        start[receiver[e] + 1] += 1
    for i in range(1, start.shape[0]):
        start[i] += start[i - 1]


@kernel
def gather_rows(sender, receiver, cursor, target):
    """Put both directions of each tie into rows, in the order of the list.

    target : (E,) [written]       cursor : (n,) next free entry of a row, given as the rows' starts [written]
    """
    for e in range(sender.shape[0]):
        i, k = sender[e], receiver[e]
        target[cursor[i]] = k
        cursor[i] += 1
        target[cursor[k]] = i
        cursor[k] += 1


@kernel
def sort_rows(start, target):
    """Sort each row in place.  Writes `target` (E,).

    Shell's method: next to nothing for rows that come almost in order, as generators give them, and never
    quadratic for a hub whose ties come in any order.
    """
    for i in range(start.shape[0] - 1):
        first, end = start[i], start[i + 1]
        gap = 1
        while gap < (end - first) // 9:
            gap = 3 * gap + 1
        while gap > 0:
            for e in range(first + gap, end):
                k, place = target[e], e
                while place >= first + gap and target[place - gap] > k:
                    target[place] = target[place - gap]
                    place -= gap
                target[place] = k
            gap //= 3


def compressed_rows(sender: Int32, receiver: Int32, customers: int) -> tuple[Int64, Int32]:
    """Return start (customers + 1,) and target (2 L,) of L distinct ties between distinct customers.

    sender, receiver : (L,) each undirected tie once, in any order and either direction
    """
    start = np.zeros(customers + 1, np.int64)
    count_ties(sender, receiver, start)
    target = np.empty(2 * sender.size, np.int32)
    gather_rows(sender, receiver, start[:-1].copy(), target)
    sort_rows(start, target)
    return start, target


# ---- strengths ------------------------------------------------------------------------------------------


@kernel
def draw_strengths(sender, target, share, strong, weak, key, replication, weight):
    """Make a tie strong with probability `share`, else weak: one draw, at (lower id, higher id).

    sender, target : (E,) both directions       weight : (E,) [written]
    """
    for e in range(target.shape[0]):
        i, k = sender[e], target[e]
        u, _, _, _ = uniform4(key, min(i, k), max(i, k), STRENGTH, replication)
        weight[e] = strong if u < share else weak


def strong_and_weak(
    start: Int64, target: Int32, share: float, strong: float, weak: float, key: np.uint64, replication: int
) -> Float32:
    """Return weights (E,): each tie strong with probability `share`, else weak, the same both ways."""
    weight = np.empty(target.size, np.float32)
    draw_strengths(senders(start), target, share, strong, weak, key, replication, weight)
    return weight


@kernel
def spread_strengths(start, target, strength, cursor, weight):
    """Give both directions of a tie its strength.

    strength : (ties,) in the order of (i, k > i)      weight : (E,) [written]
    cursor   : (n,) next entry of a row to be written, given as the rows' starts [written]
    """
    e = 0
    for i in range(start.shape[0] - 1):
        for x in range(cursor[i], start[i + 1]):  # ties to lower ids came first and are written already
            k = target[x]
            weight[x] = strength[e]
            weight[cursor[k]] = strength[e]
            cursor[k] += 1
            e += 1


def symmetric_weights(start: Int64, target: Int32, strength: Float32) -> Float32:
    """Return weights (E,) of both directions from strengths (E / 2,) in the order of (i, k > i)."""
    weight = np.empty(target.size, np.float32)
    spread_strengths(start, target, strength, start[:-1].copy(), weight)
    return weight
