"""Defection: leaving the category, for bad experience or after neighbours.   Reads exits of earlier periods only.

Claim: each neighbour who defected raises the hazard by some 80 %, fading exponentially with time; who is satisfied with
the firms that she has used is less likely to leave the category.
Source: NITZAN_LIBAI_2011 (79.7 % per defecting neighbour, decay: abstract); half-life, base hazard and the effect of
satisfaction assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.functions import exp32
from abm.core.kernels import equation, kernel
from abm.core.sources import NITZAN_LIBAI_2011
from abm.core.spec import param
from abm.core.streams import philox, uniform, uniform_fine
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.world.columns import Column, Tally

_LN2 = np.float32(0.6931471805599453)


@equation
def fading(age, half_life):
    """Return what is left of an exit's influence after `age` periods: 2**(-age / half_life)."""
    return exp32(-_LN2 * age / half_life)


@equation
def discontent(satisfaction, usual_satisfaction, dissatisfaction):
    """Return the factor of the hazard at a satisfaction with the category: e**(-dissatisfaction * (S - usual))."""
    return exp32(-dissatisfaction * (satisfaction - usual_satisfaction))


@equation
def overall_satisfaction(encounters, satisfaction, i, usual_satisfaction):
    """Return a customer's satisfaction with the category: the mean over firms used, weighted by encounters.

    The usual one if she has used none.
    """
    used, felt = np.float32(0.0), np.float32(0.0)
    for j in range(encounters.shape[0]):
        if encounters[j, i] > 0.0:
            used += encounters[j, i]
            felt += encounters[j, i] * satisfaction[j, i]
    return felt / used if used > 0.0 else usual_satisfaction


@kernel
def leave_category(
    exited, exit_word, near_exit, tie_start, tie_target, tie_weight, heaviest_tie, customer_id, encounters,
    satisfaction, exits, provider, exit_rate, contagion, half_life, dissatisfaction, usual_satisfaction, key,
    replication, lo, hi, t,
):  # fmt: skip
    """Draw who leaves the category for good, after the visits of the period.

    The hazard is `exit_rate * (1 + contagion * pressure) * discontent`, at most 1: the pressure is the sum over
    neighbours who have left of the tie's weight times what is left of their exit's influence, aged in periods at the
    end of the period before; satisfaction with the category is the mean over the firms she has used, weighted by
    encounters, and the usual one if she has used none. It is held against a uniform of 32 bits (draw 0, block 0,
    word 0), which no hazard above 1 can pass more often than always.

    exited (n,)  period of leaving, -1 = has not  [written]      exits  tally [written]
    exit_word, near_exit (tile,)  the draw, and who would leave if all neighbours had just left  [written]
    """
    found = 0
    worst = exit_rate * discontent(np.float32(0.0), usual_satisfaction, dissatisfaction)
    for i in range(lo, hi):
        word = philox(customer_id[i], t, 0, replication, key)[0]
        exit_word[i - lo] = word
    for i in range(lo, hi):  # few draws are low enough for the worst experience: only these look at what there was
        ties = np.float32(np.int32(tie_start[np.int64(i) + 1] - tie_start[i]))
        most = worst * (1.0 + contagion * heaviest_tie * ties)
        near_exit[found] = i
        found += 1 if (uniform(exit_word[i - lo]) <= 1.001 * most + 1e-6) & (exited[i] < 0) else 0
    for c in range(found):
        who = np.int64(near_exit[c])
        overall = overall_satisfaction(encounters, satisfaction, who, usual_satisfaction)
        moved = discontent(overall, usual_satisfaction, dissatisfaction)
        word = exit_word[who - np.int64(lo)]
        ties = np.float32(np.int32(tie_start[who + 1] - tie_start[who]))
        most = exit_rate * (1.0 + contagion * heaviest_tie * ties) * moved
        if uniform(word) <= 1.001 * most + 1e-6:  # fewer still, once it is known how content they are
            pressure = np.float32(0.0)
            for e in range(tie_start[who], tie_start[who + 1]):
                since = exited[tie_target[e]]
                if 0 <= since < t:
                    pressure += tie_weight[e] * fading(np.float32(t - 1 - since), half_life)
            if uniform_fine(word) < exit_rate * (1.0 + contagion * pressure) * moved:
                exited[who] = t
                exits[provider[who]] += 1


class Defection(Mechanism):
    """Exit from the category, with contagion over ties."""

    name = "defection"
    standard = True
    owns = (Column("exited", ("customer",), -1, "period", "period of leaving the category, -1 = has not", "int32"),)
    scratch = (
        Column("exit_word", ("row",), 0, "word", "the draw that decides on leaving", "uint32"),
        Column("near_exit", ("row",), 0, "row", "who would leave if all neighbours had just left", "uint32"),
    )
    counts = (Tally("exits", "customers", "customers of the firm who left the category"),)
    exit_rate: float = param(
        0.0, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="hazard of leaving the category at the usual satisfaction; 0 = off",
    )  # fmt: skip
    dissatisfaction: float = param(
        4.0, unit="1/0-1", bounds=(0, 50), evidence="assumed",
        doc="how fast the hazard falls with satisfaction; 0 = not at all",
    )  # fmt: skip
    usual_satisfaction: float = param(
        0.75, unit="0-1", bounds=(0, 1), evidence="assumed", doc="satisfaction at which the hazard is `exit_rate`"
    )
    contagion: float = param(
        0.80,
        unit="ratio",
        bounds=(0, 100),
        evidence="measured",
        source=cite(NITZAN_LIBAI_2011, "abstract: 79.7 %"),
        doc="rise of the hazard per neighbour of weight 1 who has just left",
    )
    half_life: float = param(
        4.0, unit="periods", bounds=(0.01, 1e4), evidence="assumed", doc="time in which an exit's influence halves"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the draw, if anybody can leave."""
        return ((Phase.RELATION, leave_category),) if self.exit_rate > 0 else ()
