"""Drop-out: a customer may leave the category for good, by a chance of her own.   Uses no neighbours.

She may do so after any occasion, or in each period before its occasions, whether she would have had any or not. Acts
where `population.drop_out` says how likely customers are to drop out, or a purchase log to which the population is
fitted; a log that shows no drop-out gives everybody the chance 0.
Claim: a customer is active for a number of purchases that is geometric with her own probability, and these
probabilities are Beta over customers, whatever her rate: the BG/NBD model. Of periods instead of purchases it is the
drop-out of the BG/BB, and of the sBG, where a period is a renewal.
Source: FADER_HARDIE_LEE_2005; FADER_HARDIE_SHANG_2010; FADER_HARDIE_2007.  In a market an occasion that is spent
nowhere counts as one spent at a firm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from abm.core.kernels import kernel
from abm.core.spec import param
from abm.core.streams import philox, uniform_fine
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase


@kernel
def end_with_last_occasion(
    exited, visit_count, visit_customer, visit_nth, visit_provider, occasions, drop_out, customer_id, scale, key,
    replication, t,
):  # fmt: skip
    """Draw which occasion is a customer's last, and take those that would follow it in the period off the list.

    An occasion is the last with probability `scale * drop_out`, held against a uniform of 32 bits (draw 0, block nth,
    word 0).

    exited (n,)  period of leaving  [written]      visit_count (1,), visit_customer, visit_nth, visit_provider (visits,)
    [written]      occasions (nobody,)  tally [written]
    """
    kept = 0
    for v in range(visit_count[0]):
        i = visit_customer[v]
        if exited[i] < 0:
            visit_customer[kept] = i
            visit_nth[kept] = visit_nth[v]
            visit_provider[kept] = visit_provider[v]
            kept += 1
            word = philox(customer_id[i], t, visit_nth[v], replication, key)[0]
            if uniform_fine(word) < scale * drop_out[i]:
                exited[i] = t
    occasions[-1] -= visit_count[0] - kept
    visit_count[0] = kept


@kernel
def end_before_occasions(exited, drop_out, customer_id, scale, key, replication, lo, hi, t):
    """Draw who drops out before the occasions of the period.  exited (n,)  period of leaving  [written]

    With probability `scale * drop_out`, held against a uniform of 32 bits (draw 0, block 0, word 0).
    """
    for i in range(lo, hi):
        word = philox(customer_id[i], t, 0, replication, key)[0]
        if (exited[i] < 0) & (uniform_fine(word) < scale * drop_out[i]):
            exited[i] = t


@kernel
def count_last_occasions(exited, provider, exits, lo, hi, t):
    """Count who has dropped out with the provider that it leaves her with.  exits  tally [written]"""
    for i in range(lo, hi):
        exits[provider[i]] += 1 if exited[i] == t else 0


class DropOut(Mechanism):
    """Drop-out of customers, after an occasion or in a period, with chances of their own."""

    name = "drop_out"
    standard = True
    trait = "drop_out"
    writes = ("exited", "exits", "occasions", "visit_count", "visit_customer", "visit_nth", "visit_provider")
    process: Literal["after_occasion", "each_period"] = param(
        "after_occasion", unit="name", evidence="assumed",
        doc="when customers may drop out: after each occasion, or in each period before its occasions",
    )  # fmt: skip
    scale: float = param(
        1.0, unit="ratio", bounds=(0, 10), evidence="assumed",
        doc="factor on each customer's chance of dropping out; 0 = nobody does",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return who drops out, and the count of these; the defection of others comes after it."""
        if self.scale == 0:
            return ()
        if self.process == "each_period":
            return (Phase.NEED, end_before_occasions), (Phase.RELATION, count_last_occasions)
        return (Phase.OCCASIONS, end_with_last_occasion), (Phase.RELATION, count_last_occasions)
