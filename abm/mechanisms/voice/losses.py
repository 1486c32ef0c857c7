"""Losses: why relations with firms end.   Reads only its own customer.

Claim: customers leave for reasons that fall into eight classes, most of them failures of service and how they were
handled; the rest are drawn away, or have no choice.
Source: KEAVENEY_1995 (classes: abstract); which reason a loss has is assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import kernel
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.world.relations import LOST
from abm.world.visits import FAILURES

REASONS = (
    "core failure", "encounter failure", "pricing", "ethics", "inconvenience", "response", "competition", "involuntary",
)  # fmt: skip
RESPONSE, COMPETITION, INVOLUNTARY = (np.uint8(len(FAILURES) + k) for k in range(3))  # codes beside those of causes
# Of nothing; core, attitude, price, information, wait, denied; response, competition, involuntary
CLASS_OF = np.array([0, 0, 1, 2, 3, 4, 4, 5, 6, 7])


@kernel
def give_reasons(
    reason, turned_back, relation, last_grievance, blamed, exited, reason_class, blamed_for, losses, lo, hi, t
):
    """Give each relation that has been lost since the period before its reason, and forget it when it is resumed.

    The reason is what the latest grievance was about, if she has turned her back on the firm since, or the grievance is
    no more than `blamed_for` periods old; else involuntary, if she has left the category; else the competition. A lost
    relation that is resumed ends the turning of her back.

    reason (m, n)  code, 0 = not lost, turned_back (m, n)  period, -1 = no  [written]      losses (reason, firms)  tally
    [written]
    """
    for j in range(relation.shape[0]):
        for i in range(lo, hi):
            lost = relation[j, i] == LOST
            if lost and reason[j, i] == 0:
                since = last_grievance[j, i]
                because = since >= 0 and (turned_back[j, i] >= since or t - since <= blamed_for)
                code = blamed[j, i] if because else (INVOLUNTARY if exited[i] >= 0 else COMPETITION)
                reason[j, i] = code
                losses[reason_class[code], j] += 1
            elif not lost and reason[j, i] != 0:
                reason[j, i] = 0
                turned_back[j, i] = -1


def _because(c: Tallied, reason: int) -> FloatArray:
    return c.losses[..., reason, :] / c.losses.sum(axis=-2)


_NO_LOSSES = "the firm lost nobody"
_KEAVENEY = "KEAVENEY_1995 (classes of reasons)"


@kpi(unit="share", nan=_NO_LOSSES, source=_KEAVENEY)
def lost_to_core_failure(c: Tallied) -> FloatArray:
    """Customers lost after a failure of the core service / customers lost."""
    return _because(c, 0)


@kpi(unit="share", nan=_NO_LOSSES, source=_KEAVENEY)
def lost_to_encounter_failure(c: Tallied) -> FloatArray:
    """Customers lost after a failure of attitude / customers lost."""
    return _because(c, 1)


@kpi(unit="share", nan=_NO_LOSSES, source=_KEAVENEY)
def lost_to_pricing(c: Tallied) -> FloatArray:
    """Customers lost after a grievance about price / customers lost."""
    return _because(c, 2)


@kpi(unit="share", nan=_NO_LOSSES, source=_KEAVENEY)
def lost_to_ethics(c: Tallied) -> FloatArray:
    """Customers lost after having been told what was not so / customers lost."""
    return _because(c, 3)


@kpi(unit="share", nan=_NO_LOSSES, source=_KEAVENEY)
def lost_to_inconvenience(c: Tallied) -> FloatArray:
    """Customers lost after a wait or a refusal / customers lost."""
    return _because(c, 4)


@kpi(unit="share", nan=_NO_LOSSES, source=_KEAVENEY)
def lost_to_response(c: Tallied) -> FloatArray:
    """Customers lost after a complaint whose handling failed / customers lost."""
    return _because(c, 5)


@kpi(unit="share", nan=_NO_LOSSES, source=_KEAVENEY)
def lost_to_competition(c: Tallied) -> FloatArray:
    """Customers lost without a grievance, who buy elsewhere / customers lost."""
    return _because(c, 6)


@kpi(unit="share", nan=_NO_LOSSES, source=_KEAVENEY)
def lost_involuntarily(c: Tallied) -> FloatArray:
    """Customers lost without a grievance, who left the category / customers lost."""
    return _because(c, 7)


LOST_TO = (
    lost_to_core_failure, lost_to_encounter_failure, lost_to_pricing, lost_to_ethics,
    lost_to_inconvenience, lost_to_response, lost_to_competition, lost_involuntarily,
)  # fmt: skip
