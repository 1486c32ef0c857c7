"""Exit: a grievance is remembered, and may end the relation with a firm.   Reads only its own customer.

Claim: after a bad visit a customer may turn her back on the firm, sooner while the grievance is fresh, if one comes
upon another, if she had complained, and most if the complaint came to nothing; a good recovery takes off part of that,
and a long relation shelters. Who has turned her back does not consider the firm for a long time. Losses have reasons.
Source: HIRSCHMAN_1970 (exit); KNOX_VAN_OEST_2014 (hazard after complaints, decay, shelter of past purchases, incomplete
offset by recovery: abstract); KEAVENEY_1995 (eight reasons: abstract); sizes are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.functions import exp32
from abm.core.kernels import equation, kernel
from abm.core.sources import KEAVENEY_1995, KNOX_VAN_OEST_2014
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.sums import UNCONSIDERED
from abm.mechanisms.voice.losses import CLASS_OF, LOST_TO, REASONS, RESPONSE, give_reasons
from abm.world.columns import Column, Tally
from abm.world.complaints import FAILED, NO_COMPLAINT
from abm.world.relations import ACTIVE, LOST, WON_BACK
from abm.world.visits import NO_FAILURE

_LN2 = np.float32(0.6931471805599453)


@equation
def fresh_grievance(memory, handling, justice, voiced, offset, failed, repeated):
    """Return the grievances that a bad visit adds to those remembered.

    1, or of a complaint voiced (1 - offset justice) + failed if its handling failed; times 1 + repeated memory.

    memory  : grievances still remembered, each of which makes the new one worse by `repeated`
    handling : what came of a complaint, if there was one      justice : said of its handling, 0-1
    """
    weight = np.float32(1.0)
    if handling != NO_COMPLAINT:
        weight = voiced * (1.0 - offset * justice) + (failed if handling == FAILED else np.float32(0.0))
    return weight * (1.0 + repeated * memory)


@equation
def exit_hazard(memory, encounters, exit_rate, shelter):
    """Return the chance of turning one's back in a period: less the more visits there have been, 1 at most."""
    return min(np.float32(1.0), exit_rate * memory / (1.0 + encounters / shelter))


@kernel
def leave_out_offenders(utility, turned_back, unforgiving, lo, hi, t):
    """Leave out the firms on which a customer has turned her back, through period `turned_back + unforgiving`.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            since = turned_back[j, i]
            out = (since >= 0) & (t - since <= unforgiving)
            utility[j, i - lo] += UNCONSIDERED if out else np.float32(0.0)


@kernel
def forgive(turned_back, apologies, reachable, customer_id, forgiving, forgiven, key, replication, lo, hi, t):
    """Let who has turned her back on a firm, and whom an apology of the period reaches, forgive it.

    Where `apologies` is above 0 and the firm's data reach her, she forgives with the chance `forgiving` (draw 1, block
    j, word 0): `turned_back` is -1 again. The relation stays lost until she buys.

    turned_back (m, n)  period  [written]      forgiven  tally [written]
    """
    for j in range(turned_back.shape[0]):
        for i in range(lo, hi):
            asked = turned_back[j, i] >= 0 and apologies[j, i - lo] > 0.0 and reachable[j, i] > 0
            if asked and uniform4(key, customer_id[i], t, (1 << 16) | j, replication)[0] < forgiving:
                turned_back[j, i] = -1
                forgiven[j] += 1


@kernel
def remember_grievances(
    grievance_memory_at, last_grievance_at, blamed_at, visit_count, visit_pair, grievance, handling, handling_justice,
    voiced, offset, failed, repeated, t,
):  # fmt: skip
    """Add each grievance of the period to those remembered, visit by visit, and note what it was about.

    A complaint whose handling failed is itself what it was about.

    grievance_memory_at (pairs,)  grievances, last_grievance_at (pairs,)  period, blamed_at (pairs,)  code  [written]
    """
    for v in range(visit_count[0]):
        if grievance[v] != NO_FAILURE:
            pair = visit_pair[v]
            grievance_memory_at[pair] += fresh_grievance(
                grievance_memory_at[pair], handling[v], handling_justice[v], voiced, offset, failed, repeated
            )
            last_grievance_at[pair] = t
            blamed_at[pair] = RESPONSE if handling[v] == FAILED else grievance[v]


@kernel
def turn_back(
    turned_back, grievance_memory, relation, provider, signed, encounters, customer_id, exit_rate, shelter, half_life,
    least, exits_angry, fell_lost, active, key, replication, lo, hi, t,
):  # fmt: skip
    """Draw who turns her back on a firm, and let grievances fade.

    Where a grievance is remembered, and the relation is not lost, the hazard is `exit_hazard` of what is remembered
    before it fades and of encounters after the period's visits (draw 0, block j, word 0). Who turns her back forgets
    what she remembered, and the relation is lost; if she has signed with the firm, not before her contract ends.
    What is remembered halves in `half_life` periods, and is forgotten below `least`.

    turned_back (m, n)  period, grievance_memory (m, n), relation (m, n)  [written]
    exits_angry, fell_lost, active  tallies [written]
    """
    kept = exp32(-_LN2 / half_life)
    for j in range(relation.shape[0]):
        for i in range(lo, hi):
            if grievance_memory[j, i] > 0.0:
                state = relation[j, i]
                hazard = exit_hazard(grievance_memory[j, i], encounters[j, i], exit_rate, shelter)
                if state != LOST and uniform4(key, customer_id[i], t, j, replication)[0] < hazard:
                    turned_back[j, i] = t
                    grievance_memory[j, i] = 0.0
                    exits_angry[j] += 1
                    if provider[i] != np.int64(j) or signed[i] < 0:
                        fell_lost[j] += 1
                        active[j] -= 1 if state == ACTIVE or state == WON_BACK else 0
                        relation[j, i] = LOST
                left = kept * grievance_memory[j, i]
                grievance_memory[j, i] = left if left >= least else np.float32(0.0)


@kpi(unit="share", better="less", nan="the firm had no customers")
def angry_exit_rate(c: Tallied) -> FloatArray:
    """Customers who turned their backs on the firm after a grievance / its customers; per period."""
    return c.exits_angry / c.current


class Exit(Mechanism):
    """Grievances that are remembered, exits that follow, and why customers are lost."""

    name = "exit"
    needs = ("complaint", "lifecycle")
    owns = (
        Column("grievance_memory", ("firm", "customer"), 0, "grievances", "with the firm that are remembered"),
        Column("last_grievance", ("firm", "customer"), -1, "period", "of the latest grievance, -1 = none", "int32"),
        Column(
            "blamed",
            ("firm", "customer"),
            0,
            "code",
            "the latest grievance: code of a cause, or 7 = its handling",
            "uint8",
        ),
        Column("turned_back", ("firm", "customer"), -1, "period", "she turned her back on the firm, -1 = no", "int32"),
        Column(
            "reason",
            ("firm", "customer"),
            0,
            "code",
            "why it was lost: a cause, 7 handling, 8 rivals, 9 no choice of hers",
            "uint8",
        ),
    )
    writes = ("relation", "fell_lost", "active")
    counts = (
        Tally("exits_angry", "customers", "customers who turned their backs on the firm"),
        Tally("forgiven", "customers", "customers who had turned their backs on the firm, and forgave it"),
        Tally("losses", "customers", "relations that were lost, by reason", axes=("reason",)),
    )
    kpis = (angry_exit_rate, *LOST_TO)
    exit_rate: float = param(
        0.02, unit="1/period", bounds=(0, 1), evidence="assumed",
        doc="hazard of turning one's back on a firm for each fresh grievance of a newcomer; 0 = nobody does",
    )  # fmt: skip
    half_life: float = param(
        4.0, unit="periods", bounds=(0.01, 1e4), evidence="assumed",
        source=cite(KNOX_VAN_OEST_2014, "abstract: the effect decays"), doc="time in which what is remembered halves",
    )  # fmt: skip
    voiced: float = param(
        2.0, unit="ratio", bounds=(0, 20), evidence="assumed",
        source=cite(KNOX_VAN_OEST_2014, "abstract: complaints raise the hazard"),
        doc="weight of a grievance that was complained about, against one that was not",
    )  # fmt: skip
    offset: float = param(
        0.6, unit="share", bounds=(0, 1), evidence="assumed",
        source=cite(KNOX_VAN_OEST_2014, "abstract: recovery offsets, rarely fully"),
        doc="part of that weight which a handling without a flaw takes off",
    )  # fmt: skip
    failed: float = param(
        1.0, unit="grievances", bounds=(0, 20), evidence="assumed", doc="added by a complaint whose handling failed"
    )
    repeated: float = param(
        0.5, unit="1/grievance", bounds=(0, 20), evidence="assumed",
        source=cite(KNOX_VAN_OEST_2014, "abstract: a recent complaint makes the next worse"),
        doc="by how much each remembered grievance makes a fresh one worse",
    )  # fmt: skip
    shelter: float = param(
        10.0, unit="visits", bounds=(0.01, 1e6), evidence="assumed",
        source=cite(KNOX_VAN_OEST_2014, "abstract: past purchases mitigate"), doc="visits that halve the hazard",
    )  # fmt: skip
    unforgiving: int = param(
        104,
        unit="periods",
        bounds=(0, 100_000),
        evidence="assumed",
        doc="time for which she avoids the firm",
    )
    forgiving: float = param(
        0.0, unit="1/contact", bounds=(0, 1), evidence="assumed",
        doc="chance that she gives up avoiding the firm when it asks her back; 0 = nobody does",
    )  # fmt: skip
    blamed_for: int = param(
        13, unit="periods", bounds=(0, 100_000), evidence="assumed",
        source=cite(KEAVENEY_1995, "critical incidents"), doc="age up to which a grievance is the reason of a loss",
    )  # fmt: skip
    least: float = param(
        0.001, unit="grievances", bounds=(0, 1), evidence="assumed", doc="what is remembered of less is forgotten"
    )

    @property
    def reason_class(self) -> np.ndarray:
        """The class of each code of a reason."""
        return CLASS_OF

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return what is remembered, who turns her back and the reasons; who is avoided or forgiven, if anybody is."""
        turning = (Phase.VALUATION, leave_out_offenders), (Phase.RELATION, turn_back)
        pardon = ((Phase.NEED, forgive),) if self.exit_rate > 0 and self.forgiving > 0 else ()
        remembered = (Phase.LEARNING, remember_grievances)
        return (*pardon, remembered, *(turning if self.exit_rate > 0 else ()), (Phase.RELATION, give_reasons))

    def fits(self, market: Any) -> None:
        """Refuse forgiveness where nobody is ever asked back."""
        if self.forgiving > 0 and market.win_back is None:
            raise Refusal(
                "exit.forgiving needs firms that ask customers back; give the scenario a section [scenario.win_back]"
            )

    def axes(self) -> dict[str, int]:
        """Return how many classes of reasons there are."""
        return {"reason": len(REASONS)}
