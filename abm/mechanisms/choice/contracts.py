"""Contracts: who has signed goes to her provider; leaving at a renewal ends the relation for good.   No neighbours.

Claim: some buyers commit to one vendor at a time and are lost when they leave.
Source: JACKSON_1985 (lost for good).
"""

from __future__ import annotations

from abm.core.kernels import kernel
from abm.world.relations import LOST


@kernel
def honour_contracts(
    visit_firm, visit_count, visit_customer, visit_provider, signed, relation, provider, current, fell_lost, term, t
):
    """Send customers under contract to their provider; sign new contracts; leaving ends a relation for good.

    Under contract (a provider, and `t - signed < term`) she goes to her provider whatever she would choose. At renewal
    she chooses, and leaving, to a rival or to nobody, makes the old relation lost. Choosing a firm while not under
    contract signs a new one (`signed = t`); who has no provider yet signs with the last firm of the period that she
    chooses. A visit to nobody leaves `provider` and `signed` as they were, but at a renewal both become -1.

    Of several visits in the period of a renewal the last decides for all, so that nobody buys once more from the firm
    that she leaves: visits are taken from the last to the first.

    visit_firm (visits,), signed (n,), relation (m, n), provider (n,)  [written]
    current, fell_lost  tallies [written]
    """
    count = visit_count[0]
    for back in range(1, count + 1):
        v = count - back
        i, held = visit_customer[v], visit_provider[v]
        if held >= 0 and back > 1 and visit_customer[v + 1] == i:
            visit_firm[v] = visit_firm[v + 1]
        elif held >= 0 and t - signed[i] < term:
            visit_firm[v] = held
        else:
            if held >= 0 and visit_firm[v] != held:
                relation[held, i] = LOST
                current[held] += 1
                fell_lost[held] += 1
                provider[i] = -1
                signed[i] = -1
            if visit_firm[v] >= 0:
                signed[i] = t
