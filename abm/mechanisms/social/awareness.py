"""Awareness: who learns of a firm, by themselves or from neighbours who use it.

Neighbours are read after everybody has finished the period, as customers of the firms that they used before it.
Claim: awareness spreads over weak and strong ties; customers who come through a tie fit better and expect more.
Source: GOLDENBERG_LIBAI_MULLER_2001 (weak and strong ties); SCHMITT_SKIERA_VAN_DEN_BULTE_2011 (referral). Sizes
assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import unit
from abm.core.kernels import kernel
from abm.core.streams import uniform4
from abm.world.relations import ACTIVE, WON_BACK

_ONE = np.uint32(1)


@kernel
def note_patronage(patronage, relation, initial_awareness, lo, hi):
    """Note who uses a firm that somebody may still have to hear of.

    patronage (n,)  bit j: active customer of firm j  [written]
    """
    for j in range(initial_awareness.shape[0]):
        if initial_awareness[j] < 1.0:
            bit = _ONE << np.uint32(j)
            for i in range(lo, hi):
                using = (relation[j, i] == ACTIVE) | (relation[j, i] == WON_BACK)
                patronage[i] = (patronage[i] & ~bit) | (bit if using else np.uint32(0))


@kernel
def add_match(performance_shift, match_at, visit_count, visit_pair):
    """Add the fit of customers who came through a tie to what they get.  performance_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        performance_shift[v] += match_at[visit_pair[v]]


@kernel
def learn_of_firms(
    aware, match, expectation, patronage, initial_awareness, tie_start, tie_target, tie_weight, customer_id, learned,
    referred, discovery, weak_tie, strong_tie, strong_from, referral_match, referral_expectation, key, replication,
    lo, hi, t,
):  # fmt: skip
    """Let customers learn of firms by themselves and from neighbours who use them.

    Who does not know a firm learns of it with probability `1 - (1 - discovery) * (1 - weak_tie)^weak * (1 -
    strong_tie)^strong` (draw 1, block j, word 0), counting neighbours who used it before this period's purchases,
    strong if the tie's weight is `strong_from` or more. If the uniform is at least `discovery`, the news came through
    a tie: the match grows by `referral_match`, the expectation by `referral_expectation`, to 1 at most.

    aware, match, expectation (m, n)  [written]      learned, referred  tallies [written]
    """
    for j in range(aware.shape[0]):
        if initial_awareness[j] < 1.0:
            bit = _ONE << np.uint32(j)
            for i in range(lo, hi):
                if aware[j, i] == 0:
                    missed = 1.0 - discovery
                    for e in range(tie_start[i], tie_start[np.int64(i) + 1]):
                        if patronage[tie_target[e]] & bit:
                            missed *= 1.0 - (strong_tie if tie_weight[e] >= strong_from else weak_tie)
                    luck = uniform4(key, customer_id[i], t, (1 << 16) | j, replication)[0]
                    if luck < 1.0 - missed:
                        aware[j, i] = 1
                        learned[j] += 1
                        if luck >= discovery:
                            referred[j] += 1
                            match[j, i] += referral_match
                            expectation[j, i] = unit(expectation[j, i] + referral_expectation)
