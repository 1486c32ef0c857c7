"""From a list of ties to the graph: loops are left out, and repeated ties of two customers are one.

Of repeated ties the weights are added up, in either direction; where the list has no weights they are just one tie.
"""

from __future__ import annotations

import numpy as np

from abm.core.errors import Refusal
from abm.world.network.tie_list import HEAVIEST, TieList
from abm.world.network.ties import Ties, compressed_rows, symmetric_weights


def tied(listed: TieList, customers: int) -> Ties:
    """Return ties without self-loops, repeated ones as one; weight 1 where none is listed.

    Raises Refusal for weights that add up to more than any number holds.
    """
    low, high = np.minimum(listed.sender, listed.receiver), np.maximum(listed.sender, listed.receiver)
    proper = np.flatnonzero(low != high)
    pairs, place = np.unique(low[proper] * np.int64(customers) + high[proper], return_inverse=True)
    dropped = {"self_loops": low.size - proper.size, "duplicates": proper.size - pairs.size}
    low, high = (part.astype(np.int32) for part in np.divmod(pairs, max(customers, 1)))
    start, target = compressed_rows(low, high, customers)
    strength = np.zeros(pairs.size) if listed.weight is not None else np.ones(pairs.size)
    if listed.weight is not None:
        np.add.at(strength, place, listed.weight[proper])
    if strength.max(initial=0.0) > HEAVIEST:
        raise Refusal(f"weights of repeated ties add up to {strength.max():.3g}; at most {HEAVIEST:.3g} is allowed")
    weight = symmetric_weights(start, target, strength.astype(np.float32))
    return Ties(start, target, weight, dropped, listed.labels)


def described(listed: TieList, ties: Ties) -> str:
    """Return in one line how many people and ties a list has, and what was decided and left out."""
    people = np.unique(np.concatenate((listed.sender, listed.receiver))).size
    loops, repeated = ties.dropped["self_loops"], ties.dropped["duplicates"]
    alone = int(np.count_nonzero(ties.degree == 0))
    summed = "their weights added up" if listed.weight is not None else "counted once"
    weights = "" if listed.weight is None else " and weights"
    said = (
        f"{people:,} people with {ties.ties:,} {'tie' if ties.ties == 1 else 'ties'}{weights}",
        *listed.notes,
        f"{loops:,} {'tie' if loops == 1 else 'ties'} of somebody to herself left out" if loops else "",
        f"{repeated:,} repeated {'tie' if repeated == 1 else 'ties'}, {summed}" if repeated else "",
        f"{alone:,} of {ties.customers:,} customers have no tie" if alone else "",
    )
    return "; ".join(filter(None, said))
