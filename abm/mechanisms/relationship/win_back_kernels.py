"""Kernels of winning back: the order by lot, who is held out, letters and vouchers.   No neighbours.

Claim: a prospect who is written to knows the firm from then on; a lapsed customer is reached as any contact reaches.
Source: assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import kernel
from abm.core.streams import uniform4

# What a customer is in a campaign: picked, contacted, held out; of the lapsed, and of prospects; 0 = nothing
LAPSED, LAPSED_CONTACTED, LAPSED_HELD_OUT = np.uint8(1), np.uint8(2), np.uint8(3)
PROSPECT, PROSPECT_CONTACTED, PROSPECT_HELD_OUT = np.uint8(4), np.uint8(5), np.uint8(6)


@kernel
def draw_order(win_back_luck, customer_id, acquisition_budget, every, key, replication, lo, hi, t):
    """In the period before a campaign, draw the order in which prospects, and of equals the lapsed, are picked.

    Draw 0, block j, word 0, in periods t of which t + 1 is a multiple of `every`, for firms with a budget.

    win_back_luck (m, n)  0-1  [written]
    """
    if (t + 1) % every == 0:
        for j in range(win_back_luck.shape[0]):
            if acquisition_budget[j] > 0.0:
                for i in range(lo, hi):
                    win_back_luck[j, i] = uniform4(key, customer_id[i], t, j, replication)[0]


@kernel
def draw_lots(
    win_back_state, aware, customer_id, acquisition_budget, win_back_holdout, prospect_expense, every,
    lapsed_contacted, prospects_contacted, prospect_spend, learned, key, replication, lo, hi, t,
):  # fmt: skip
    """In the period of a campaign, hold out a part of who is picked by lot, and contact the others.

    Periods that are a multiple of `every`, but not 0. Who is picked (lapsed 1, prospects 4) is held out (3, 6) if a
    uniform (draw 1, block j, word 0) is below `win_back_holdout`, else contacted (2, 5). A prospect who is contacted
    is paid for, and knows the firm from then on.

    win_back_state (m, n)  code, aware (m, n)  [written]
    lapsed_contacted, prospects_contacted, prospect_spend, learned  tallies [written]
    """
    if t % every == 0 and t > 0:
        for j in range(win_back_state.shape[0]):
            if acquisition_budget[j] > 0.0:
                old, new = np.int64(0), np.int64(0)
                for i in range(lo, hi):
                    state = win_back_state[j, i]
                    if state == LAPSED or state == PROSPECT:
                        out = uniform4(key, customer_id[i], t, (1 << 16) | j, replication)[0] < win_back_holdout[j]
                        if state == LAPSED:
                            win_back_state[j, i] = LAPSED_HELD_OUT if out else LAPSED_CONTACTED
                            old += 0 if out else 1
                        else:
                            win_back_state[j, i] = PROSPECT_HELD_OUT if out else PROSPECT_CONTACTED
                            if not out:
                                new += 1
                                learned[j] += 1 if aware[j, i] == 0 else 0
                                aware[j, i] = 1
                lapsed_contacted[j] += old
                prospects_contacted[j] += new
                prospect_spend[j] += new * prospect_expense[j]


@kernel
def approach_lapsed(approaches, win_back_state, every, lo, hi, t):
    """In the period of a campaign, approach each contacted lapsed customer once.

    approaches (m, tile)  contacts  [written]
    """
    if t % every == 0 and t > 0:
        for j in range(approaches.shape[0]):
            for i in range(lo, hi):
                contacted = win_back_state[j, i] == LAPSED_CONTACTED
                approaches[j, i - lo] += np.float32(1.0) if contacted else np.float32(0.0)


@kernel
def apologise(apologies, win_back_state, every, lo, hi, t):
    """In the period of a campaign, ask contacted lapsed customers back.  apologies (m, tile)  contacts  [written]"""
    if t % every == 0 and t > 0:
        for j in range(apologies.shape[0]):
            for i in range(lo, hi):
                contacted = win_back_state[j, i] == LAPSED_CONTACTED
                apologies[j, i - lo] += np.float32(1.0) if contacted else np.float32(0.0)


@kernel
def offer_return(offer_value, win_back_state, win_back_voucher, every, lo, hi, t):
    """In the period of a campaign, send everybody who is contacted, lapsed or prospect, a voucher.

    offer_value (m, tile)  cents  [written]
    """
    if t % every == 0 and t > 0:
        for j in range(offer_value.shape[0]):
            for i in range(lo, hi):
                state = win_back_state[j, i]
                contacted = state == LAPSED_CONTACTED or state == PROSPECT_CONTACTED
                offer_value[j, i - lo] += win_back_voucher[j] if contacted else np.int64(0)
