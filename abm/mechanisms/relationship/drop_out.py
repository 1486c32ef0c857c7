"""Drop-out: after any occasion a customer may leave the category for good, by a chance of her own.   No neighbours.

Acts where the population is fitted to a purchase log, which tells how likely customers are to drop out; a log that
shows no drop-out gives everybody the chance 0.
Claim: a customer is active for a number of purchases that is geometric with her own probability, and these
probabilities are Beta over customers, whatever her rate: the BG/NBD model.
Source: FADER_HARDIE_LEE_2005.  In a market an occasion that is spent nowhere counts as one spent at a firm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
def count_last_occasions(exited, provider, exits, lo, hi, t):
    """Count who has had her last occasion with the provider that it leaves her with.  exits  tally [written]"""
    for i in range(lo, hi):
        exits[provider[i]] += 1 if exited[i] == t else 0


class DropOut(Mechanism):
    """Drop-out of customers who live as those of a purchase log do."""

    name = "drop_out"
    standard = True
    trait = "drop_out"
    writes = ("exited", "exits", "occasions", "visit_count", "visit_customer", "visit_nth", "visit_provider")
    scale: float = param(
        1.0, unit="ratio", bounds=(0, 10), evidence="assumed",
        doc="factor on each customer's chance of dropping out, as the log tells it; 0 = nobody does",
    )  # fmt: skip

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the last occasions, and who has left with them; the defection of others comes after it."""
        if self.scale == 0:
            return ()
        return (Phase.OCCASIONS, end_with_last_occasion), (Phase.RELATION, count_last_occasions)
