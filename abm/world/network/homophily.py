"""Homophily: customers of a segment tied to each other more than by chance, each keeping her number of ties.

Two ties a-b and c-d, whose ends a and c are of one segment and b and d of others, become a-c and b-d. Every swap leaves
all degrees as they are, so that what chance would give stays where it is; the graph loses some of its triangles.
Claim: homophily is the share of ties inside segments beyond chance, (s - w) / (1 - w).  Chance w is what degrees give:
the sum over segments of (their part of all ends of ties) squared.  The index is that of the whole graph: a small
segment comes out below it and a large one above, as b and d may happen to be of one segment too, mostly a large one.
Source: COLEMAN_1958 (the index); XULVI_BRUNET_SOKOLOV_2004 (swaps until a graph mixes as it is to).

Randomness: a block a swap that is tried, at counter (its number, 0, draw, replication) of the graph's stream.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from abm.core.errors import CONTINUES, Refusal
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4_fine
from abm.world.network.generators import SWAP, joined, picked
from abm.world.network.ties import Int32, Int64, Ties

Segments = NDArray[np.uint8]

TRIES = 10  # swaps tried for each tie of the graph; far more than a goal takes that can be reached
TOLERANCE = 0.01  # of the index, within which it counts as reached


@equation
def holds(start, target, i, k):
    """Return whether k is in the row of i, whatever its order; the shorter of their two rows is looked through."""
    if start[i + 1] - start[i] > start[k + 1] - start[k]:
        i, k = k, i
    for e in range(start[i], start[i + 1]):  # noqa: SIM110 - the compiler knows no generators
        if target[e] == k:
            return True
    return False


@kernel
def pair_directions(start, target, cursor, back):
    """Find the other direction of each tie.  Rows ascend, so that those to i come in the order of i.

    cursor : (n,) next entry of a row, given as the rows' starts [written]       back : (E,) [written]
    """
    for i in range(start.shape[0] - 1):
        for e in range(start[i], start[i + 1]):
            k = target[e]
            back[e] = cursor[k]
            cursor[k] += 1


@kernel
def list_crossing(start, target, segment, first, many, crossing, place):
    """List the entries of ties that leave a segment, segment by segment.

    first : (S,) where the list of each begins        many : (S,) how many it has, given as zeros [written]
    crossing : (E,) entries [written]                 place : (E,) where an entry is listed [written]
    """
    for i in range(start.shape[0] - 1):
        own = segment[i]
        for e in range(start[i], start[i + 1]):
            if segment[target[e]] != own:
                place[e] = first[own] + many[own]
                crossing[place[e]] = e
                many[own] += 1


@equation
def strike(e, own, first, many, crossing, place):
    """Take an entry off the list of a segment: the last one of the list moves to its place."""
    many[own] -= 1
    last = crossing[first[own] + many[own]]
    crossing[place[e]] = last
    place[last] = place[e]


@kernel(double=True)
def swap_ties(
    start, target, weight, back, segment, first, many, crossing, place, goal, tries, key, replication, left,
):  # fmt: skip
    """Swap ties until at most `goal` ends of ties lead out of their segment, or `tries` swaps have been tried.

    The first of the two ties that are to be swapped is any that leaves a segment, the second any that leaves the same.
    target, weight : (E,) [written]       back, first, many, crossing, place : see above [written but `first`]
    left           : (1,) ends that lead out of their segment [written]
    """
    for attempt in range(tries):
        if left[0] <= goal:
            break
        u0, u1, u2, u3 = uniform4_fine(key, attempt, 0, SWAP, replication)
        rank, own = picked(joined(u0, u1), left[0]), 0
        while rank >= many[own]:
            rank -= many[own]
            own += 1
        e, f = crossing[first[own] + rank], crossing[first[own] + picked(joined(u2, u3), many[own])]
        e_back, f_back = back[e], back[f]
        a, b, c, d = target[e_back], target[e], target[f_back], target[f]
        if a == c or b == d or holds(start, target, a, c) or holds(start, target, b, d):
            continue
        target[e], target[f], target[e_back], target[f_back] = c, a, d, b
        back[e], back[f], back[e_back], back[f_back] = f, e, f_back, e_back
        weight[f], weight[e_back] = weight[e], weight[f_back]
        strike(e, own, first, many, crossing, place)
        strike(f, own, first, many, crossing, place)
        left[0] -= 2
        if segment[b] == segment[d]:
            strike(e_back, segment[b], first, many, crossing, place)
            strike(f_back, segment[b], first, many, crossing, place)
            left[0] -= 2


@kernel
def turn_round(start, target, weight, cursor, turned, turned_weight):
    """Write every tie the other way: the same graph, as both directions are in, and each row ascends.

    cursor : (n,) next free entry of a row, given as the rows' starts [written]
    turned, turned_weight : (E,) [written]
    """
    for i in range(start.shape[0] - 1):
        for e in range(start[i], start[i + 1]):
            k = target[e]
            turned[cursor[k]] = i
            turned_weight[cursor[k]] = weight[e]
            cursor[k] += 1


def chance_level(degree: Int64, segment: Segments) -> float:
    """Return the share of ties inside segments that degrees (n,) give by chance; nan without ties."""
    ends = np.bincount(segment, weights=degree)
    return float(np.sum((ends / ends.sum()) ** 2)) if ends.sum() else np.nan


def inside(ties: Ties, segment: Segments) -> int:
    """Return how many entries (each tie has two) stay in their segment."""
    return int(np.count_nonzero(segment[ties.sender] == segment[ties.target]))


def homophily(ties: Ties, segment: Segments) -> float:
    """Return Coleman's index of the ties between segments (n,); nan without ties and of a single segment."""
    chance = chance_level(ties.degree, segment)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float((np.divide(inside(ties, segment), ties.target.size) - chance) / (1.0 - np.float64(chance)))


def with_homophily(ties: Ties, segment: Segments, index: float, key: np.uint64, replication: int) -> Ties:
    """Return ties of the same degrees whose homophily is `index`, or above it by less than two ties.

    segment : (n,) by the customers' ids        key : stream_key(seed, "graph")
    Ties that are as homophilous already stay as they are, and so does a graph that has none or of a single segment. A
    tie keeps its weight.  Raises Refusal if swaps do not get there.
    """
    chance = chance_level(ties.degree, segment)
    if not chance < 1.0:
        return ties
    goal = int((1.0 - chance) * (1.0 - index) * ties.target.size)
    left = np.array([ties.target.size - inside(ties, segment)])
    target, weight = ties.target.copy(), ties.weight.copy()
    _swap(ties.start, target, weight, segment, goal, key, replication, left)
    reached = 1.0 - left[0] / ((1.0 - chance) * ties.target.size)
    if left[0] > goal + 4 and reached < index - TOLERANCE:
        why = f"cannot be reached: swaps of ties get to {reached:.2f}; segments are too small for so many ties inside"
        raise Refusal(f"{CONTINUES}{index:g} {why}", place="network.segment_homophily")
    turned, turned_weight = np.empty_like(target), np.empty_like(weight)
    turn_round(ties.start, target, weight, ties.start[:-1].copy(), turned, turned_weight)
    return replace(ties, target=turned, weight=turned_weight)


def _swap(
    start: Int64,
    target: Int32,
    weight: NDArray[np.float32],
    segment: Segments,
    goal: int,
    key: np.uint64,
    replication: int,
    left: Int64,
) -> None:
    """Make the lists that swaps work on, and swap.  Writes `target`, `weight` and `left`."""
    back, crossing, place = (np.empty(target.size, np.int32) for _ in range(3))
    pair_directions(start, target, start[:-1].copy(), back)
    ends = np.bincount(segment, weights=np.diff(start)).astype(np.int64)
    first, many = np.cumsum(ends) - ends, np.zeros(ends.size, np.int64)
    list_crossing(start, target, segment, first, many, crossing, place)
    tries = TRIES * target.size + 1000
    swap_ties(start, target, weight, back, segment, first, many, crossing, place, goal, tries, key, replication, left)
