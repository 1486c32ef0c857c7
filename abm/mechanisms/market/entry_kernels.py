"""Kernels of entry and exit: who knows a firm that opens, what becomes of the customers of one that closes.

Claim and sources: on the page of the theory, entry.py.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import kernel
from abm.core.streams import uniform4
from abm.world.relations import LOST, PROSPECT

NOT_YET, OPEN, CLOSED = (np.int32(code) for code in range(3))


@kernel
def part_from_customers(
    relation, provider, signed, closing, current, fell_lost, left_behind, lo, hi
):  # fmt: skip
    """End the relations of firms that close in the period: `closing` is 1.

    Who was an active, dormant or won-back customer is lost to the firm, and counted in `current`, `fell_lost` and
    `left_behind`; a prospect and who was lost before stay what they were. Whose provider it was has none (-1) and is
    under no contract (`signed` = -1), and pays nothing for leaving.

    relation (m, n), provider, signed (n,)  [written]      current, fell_lost, left_behind  tallies [written]
    """
    for j in range(relation.shape[0]):
        if closing[j] > 0:
            for i in range(lo, hi):
                if (relation[j, i] != PROSPECT) & (relation[j, i] != LOST):
                    relation[j, i] = LOST
                    current[j] += 1
                    fell_lost[j] += 1
                    left_behind[j] += 1
                if provider[i] == np.int64(j):
                    provider[i] = -1
                    signed[i] = -1


@kernel
def forfeit_points(
    points, provided, given, member, tier, qualifying_spend, closing, points_expired, points_outstanding,
    points_forfeited, provision, provision_held, memberships_ended, lo, hi,
):  # fmt: skip
    """Let the points of a firm that closes in the period lapse, and end memberships, for nothing.

    Points are counted in `points_expired` and `points_forfeited`, and taken off `points_outstanding`; what is held for
    them, `provided`, is released: it is taken off `provision` and `provision_held`.

    points, given  1/100 point, provided, qualifying_spend  cents, member, tier (m, n)  0 afterwards  [written]
    points_expired, points_outstanding, points_forfeited, provision, provision_held, memberships_ended  tallies
    [written]
    """
    for j in range(points.shape[0]):
        if closing[j] > 0:
            for i in range(lo, hi):
                points_expired[j] += points[j, i]
                points_forfeited[j] += points[j, i]
                points_outstanding[j] -= points[j, i]
                provision[j] -= provided[j, i]
                provision_held[j] -= provided[j, i]
                memberships_ended[j] += member[j, i]
                points[j, i] = 0
                provided[j, i] = 0
                given[j, i] = 0
                member[j, i] = 0
                tier[j, i] = 0
                qualifying_spend[j, i] = 0


@kernel
def become_known(aware, opening, open_state, initial_awareness, customer_id, key, replication, lo, hi, t):
    """Let nobody know a firm that is not open; draw who knows one that opens in the period: `opening` is 1.

    She knows it if a uniform (draw 0, block j, word 0) is below `initial_awareness`, a float32, as it is set when the
    firm opens. Of a firm that is open and does not open now nothing changes.

    aware (m, n)  bool  [written]
    """
    for j in range(aware.shape[0]):
        if open_state[j] != OPEN:
            for i in range(lo, hi):
                aware[j, i] = 0
        elif opening[j] > 0:
            for i in range(lo, hi):
                luck = uniform4(key, customer_id[i], t, j, replication)[0]
                aware[j, i] = 1 if luck < initial_awareness[j] else 0


@kernel(per="market")
def note_open(open_state, open_periods, noted_periods):
    """Note which firms are open in the period.  open_periods, noted_periods  tallies, 1 a firm and period [written]"""
    for j in range(open_state.shape[0]):
        open_periods[j] += 1 if open_state[j] == OPEN else 0
        noted_periods[j] += 1
