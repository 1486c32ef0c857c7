"""Random and regular graphs, drawn as lists of ties by compiled loops.

Every generator lists each undirected tie once, as (sender, receiver); ties.py turns the list into rows.

Source: WATTS_STROGATZ_1998 (small world); BARABASI_ALBERT_1999 (preferential attachment); ERDOS_RENYI_1959
(independent ties); BATAGELJ_BRANDES_2005 (geometric skipping: a random graph costs its ties, not its pairs);
COLEMAN_1958 (index of homophily).

Randomness: one uniform a decision, by inversion, at counter (customer, slot or block, draw, replication);
joined from two words where it picks one customer out of many. No draw depends on threads or on the outcome of
another, and no stream is drawn from until something fits.

customers : how many, ids 0..customers - 1          key, replication : address of the graph's random numbers
Sizes and probabilities are checked by `Network`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4_fine
from abm.world.network.ties import Int32, Int64

REWIRE, ATTACH, ATTACH_LEFT, PAIR, PAIR_INSIDE, GROUP, SWAP = range(7)  # draws of the graph's stream; ties.py has 15

Pairs = tuple[Int32, Int32]  # sender (L,) and receiver (L,): each undirected tie once


@equation(double=True)
def joined(high, low):
    """Return one uniform with the resolution of two words, in [0, 1]: 1 itself can appear by rounding."""
    return high + (low - 0.5) * 2.0**-32


@equation(double=True)
def picked(u, many):
    """Return a whole number from 0 to many - 1, each equally likely for a uniform u."""
    return min(np.int64(u * many), many - 1)


# ---- small world ----------------------------------------------------------------------------------------


@kernel
def lay_ring(end):
    """Tie each customer to the next ones round a ring.  Writes `end` (n, k/2), far ends of her ties."""
    for i in range(end.shape[0]):
        for d in range(end.shape[1]):
            k = i + d + 1
            end[i, d] = k if k < end.shape[0] else k - end.shape[0]


@equation
def tied(end, i, k):
    """Return whether i and k are tied now: every tie was laid from one of its two ends."""
    for d in range(end.shape[1]):  # noqa: SIM110 - the compiler knows no generators
        if end[i, d] == k or end[k, d] == i:
            return True
    return False


@kernel
def rewire_ring(end, rewiring, key, replication):
    """Move the far end of a tie, with probability `rewiring`, to any other customer.  Writes `end` (n, k/2).

    Ties go in order of (customer, distance); one that would double a tie of that moment stays where it is.
    """
    others = end.shape[0] - 1
    for i in range(end.shape[0]):
        for d in range(end.shape[1]):
            u, high, low, _ = uniform4_fine(key, i, d, REWIRE, replication)
            if u < rewiring:
                k = i + 1 + picked(joined(high, low), others)
                k = k if k <= others else k - others - 1
                if not tied(end, i, k):
                    end[i, d] = k


def watts_strogatz(customers: int, neighbours: int, rewiring: float, key: np.uint64, replication: int) -> Pairs:
    """Ring of `neighbours` (even), each tie rewired at its far end.  Source: WATTS_STROGATZ_1998.

    There are always customers * neighbours / 2 ties: a rewired end that is taken (about one in customers /
    neighbours) leaves its tie in place, where networkx draws again. Complete from neighbours = customers - 1.
    """
    if neighbours >= customers - 1:
        return complete(customers)
    end = np.empty((customers, neighbours // 2), np.int32)
    lay_ring(end)
    if rewiring > 0:
        rewire_ring(end, rewiring, key, replication)
    return np.repeat(np.arange(customers, dtype=np.int32), neighbours // 2), end.ravel()


def ring(customers: int, neighbours: int = 2) -> Pairs:
    """Each customer tied to the `neighbours` (even) nearest ones round a ring."""
    return watts_strogatz(customers, neighbours, 0.0, np.uint64(0), 0)


# ---- everybody with everybody ---------------------------------------------------------------------------


@kernel
def tie_all(customers, sender, receiver):
    """Tie every pair.  Writes `sender`, `receiver` (customers * (customers - 1) / 2,)."""
    e = 0
    for i in range(customers):
        for k in range(i + 1, customers):
            sender[e] = i
            receiver[e] = k
            e += 1


def complete(customers: int) -> Pairs:
    """Everybody tied with everybody."""
    pairs = customers * (customers - 1) // 2
    sender, receiver = np.empty(pairs, np.int32), np.empty(pairs, np.int32)
    tie_all(customers, sender, receiver)
    return sender, receiver


# ---- preferential attachment ----------------------------------------------------------------------------


@equation(double=True)
def preferred(ends, laid, newcomer_of, i, slot, key, replication):
    """Return a customer in proportion to her ties, out of those newcomer i has not chosen yet.

    ends : names a customer once for each of her ties; the first `laid` count
    One already chosen is drawn again, once, from the second half of the block. If that one is taken too the
    draw is by inversion over what is left: the same law, and never a third attempt.
    """
    u0, u1, u2, u3 = uniform4_fine(key, i, slot, ATTACH, replication)
    k = ends[picked(joined(u0, u1), laid)]
    if newcomer_of[k] == i:
        k = ends[picked(joined(u2, u3), laid)]
    if newcomer_of[k] != i:
        return k
    left = 0
    for e in range(laid):
        left += newcomer_of[ends[e]] != i
    u0, u1, u2, u3 = uniform4_fine(key, i, slot, ATTACH_LEFT, replication)
    rank = picked(joined(u0, u1), left)
    for e in range(laid):
        if newcomer_of[ends[e]] != i:
            if rank == 0:
                return ends[e]
            rank -= 1
    return k


@kernel
def attach_newcomers(ties, key, replication, ends, newcomer_of):
    """Tie customer i = 1, 2, … to min(i, ties) earlier ones in proportion to their ties.

    ends : (2 L,) newcomer and chosen customer in turn [written]
    newcomer_of : (n,) who chose k last, given as zeros [written]
    """
    filled = 0
    for i in range(1, newcomer_of.shape[0]):
        laid = filled
        for slot in range(min(i, ties)):
            k = slot if i <= ties else preferred(ends, laid, newcomer_of, i, slot, key, replication)
            newcomer_of[k] = i
            ends[filled] = i
            ends[filled + 1] = k
            filled += 2


def barabasi_albert(customers: int, ties: int, key: np.uint64, replication: int) -> Pairs:
    """Newcomer i ties to min(i, ties) earlier customers, the well-tied first.  Source: BARABASI_ALBERT_1999.

    So the first ties + 1 customers are all tied with each other, and newcomers never change earlier ties.
    """
    founders = min(customers, ties + 1)
    laid = founders * (founders - 1) // 2 + (customers - founders) * ties
    ends = np.empty(2 * laid, np.int32)
    attach_newcomers(ties, key, replication, ends, np.zeros(customers, np.int32))
    sender, receiver = ends.reshape(-1, 2).T.copy()
    return sender, receiver


# ---- independent ties: Erdős–Rényi and stochastic blocks ------------------------------------------------


@equation(double=True)
def next_tied(place, u, scale, end):
    """Return the next place after `place` that a coin of chance p ties, `end` if none; scale = 1 / ln(1 - p).

    Source: BATAGELJ_BRANDES_2005.  The gap is geometric: one uniform for all the coins in between.
    """
    gap = np.log(u) * scale  # u = 1 and chance 0 make nan, which no comparison lets through
    return place + 1 + np.int64(gap) if gap < end - place - 1 else end


@kernel
def tie_pairs(member, group_start, scale, apart, draw, key, replication, sender, receiver, found):
    """Tie each pair of a group with the group's chance; count pairs that find no room, too.

    member : (n,) ids, group by group and ascending       group_start : (G + 1,)
    scale  : (G,) float64, see `next_tied`                apart : (n,) equal values stay untied, (0,) = none
    sender, receiver : (room,) [written]                  found : (1,) [written]
    """
    ties = 0
    for g in range(scale.shape[0]):
        end = group_start[g + 1]
        for place in range(group_start[g], end):
            i = member[place]
            at, block = place, 0
            while at < end:
                u0, u1, u2, u3 = uniform4_fine(key, i, block, draw, replication)
                block += 1
                for u in (joined(u0, u1), joined(u2, u3)):
                    at = next_tied(at, u, scale[g], end)
                    if at < end and (apart.shape[0] == 0 or apart[i] != apart[member[at]]):
                        if ties < sender.shape[0]:
                            sender[ties] = i
                            receiver[ties] = member[at]
                        ties += 1
    found[0] = ties


def room_for(ties: float) -> int:
    """Return how many ties to make room for when so many are expected: six standard errors more."""
    return int(ties + 6 * ties**0.5) + 64


def _independent_ties(
    member: Int32,
    group_start: Int64,
    chance: NDArray[np.float64],
    apart: Int32,
    draw: int,
    key: np.uint64,
    replication: int,
) -> Pairs:
    sizes = np.diff(group_start).astype(np.float64)
    expected = float(np.sum(chance * sizes * (sizes - 1) / 2))
    room, found = room_for(expected), np.zeros(1, np.int64)
    with np.errstate(divide="ignore", over="ignore"):  # chance 0 and 1: no tie and every tie
        scale = 1.0 / np.log1p(-chance)
    while True:  # addressed draws repeat themselves: a second pass, with room for all of them, is the last
        sender, receiver = np.empty(room, np.int32), np.empty(room, np.int32)
        tie_pairs(member, group_start, scale, apart, draw, key, replication, sender, receiver, found)
        if found[0] <= room:
            return sender[: found[0]], receiver[: found[0]]
        room = int(found[0])


def erdos_renyi(
    customers: int, mean_degree: float, key: np.uint64, replication: int, apart: Int32 | None = None
) -> Pairs:
    """Each pair tied with chance mean_degree / (customers - 1).  Source: BATAGELJ_BRANDES_2005.

    apart : (customers,) group of each customer; pairs of one group are left out
    """
    chance = np.array([min(1.0, mean_degree / max(customers - 1, 1))])
    everybody, bounds = np.arange(customers, dtype=np.int32), np.array([0, customers], np.int64)
    no_rule = np.empty(0, np.int32)
    return _independent_ties(everybody, bounds, chance, no_rule if apart is None else apart, PAIR, key, replication)


@kernel
def draw_groups(key, replication, groups, group):
    """Put each customer into one of `groups` equally likely groups.  Writes `group` (n,)."""
    for i in range(group.shape[0]):
        u0, u1, _, _ = uniform4_fine(key, i, 0, GROUP, replication)
        group[i] = picked(joined(u0, u1), groups)


@kernel
def sort_by_group(group, cursor, member):
    """List the customers group by group.  Writes `member` (n,), `cursor` (G,): next free place of a group."""
    for i in range(group.shape[0]):
        g = group[i]
        member[cursor[g]] = i
        cursor[g] += 1


def stochastic_block(group: Int32, mean_degree: float, homophily: float, key: np.uint64, replication: int) -> Pairs:
    """Ties by chance with anybody, and beyond chance inside the own group.  Source: COLEMAN_1958.

    group : (customers,) group of each customer, 0..G - 1
    Of a customer's expected ties the share `homophily` is kept for her group and the rest falls on anybody:
    (share inside - chance) / (1 - chance) = homophily, chance being the group's part of all others. A
    group too small for its share is complete, and the mean degree of its members falls short.
    """
    anybody = min(1.0, (1.0 - homophily) * mean_degree / max(group.size - 1, 1))
    group_start = np.concatenate(([0], np.cumsum(np.bincount(group)))).astype(np.int64)
    member, no_rule = np.empty(group.size, np.int32), np.empty(0, np.int32)
    sort_by_group(group, group_start[:-1].copy(), member)
    inside = homophily * mean_degree / np.maximum(np.diff(group_start) - 1, 1)
    chance = np.minimum(1.0, anybody + inside)
    own = _independent_ties(member, group_start, chance, no_rule, PAIR_INSIDE, key, replication)
    across = erdos_renyi(group.size, (1.0 - homophily) * mean_degree, key, replication, apart=group)
    return np.concatenate((own[0], across[0])), np.concatenate((own[1], across[1]))
