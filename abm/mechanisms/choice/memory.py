"""Memory of choices: the provider, the preference, and the list of visits that firms will see.   No neighbours.

Claim: the firm chosen last is the provider; the probabilities of the latest decision are the preference.  Asked on an
occasion, before she chooses, how likely she is to choose her provider again, a customer says what is true.
Source: definitions.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import one_more, steps_at
from abm.core.kernels import kernel


@kernel
def remember_choices(
    provider, preference, visit_count, visit_customer, visit_provider, visit_firm, chance, visits, repeats, repeat_base,
    asked, intention_sum,
):  # fmt: skip
    """Make each chosen firm the provider, and the probabilities the preference.

    Under every rule and for every visit, contracts included, the preference is the logit probabilities of the utilities
    in use (of her last visit): what her beliefs alone would choose. Her intention is the probability of the provider
    whom she has when the occasion arises, with what leaving would cost her now; it is summed in whole 2^-20, rounded
    down on each occasion.

    provider (n,), preference (m, n)  [written]
    visits, repeats, repeat_base, asked, intention_sum  tallies [written]
    """
    found = np.int64(0)
    for j in range(preference.shape[0]):
        came = based = again = held = np.int32(0)
        for v in range(visit_count[0]):
            here, from_here = visit_firm[v] == np.int32(j), visit_provider[v] == np.int32(j)
            came = one_more(came, here)
            based = one_more(based, from_here & (visit_firm[v] >= 0))
            again = one_more(again, from_here & here)
            held = one_more(held, from_here)
        visits[j] += came
        repeat_base[j] += based
        repeats[j] += again
        asked[j] += held
        intention_sum[j] += steps_at(j, chance[j], visit_provider, visit_count[0])
        found += came
    visits[-1] += visit_count[0] - found
    for v in range(visit_count[0]):
        if visit_firm[v] >= 0:
            provider[visit_customer[v]] = visit_firm[v]
    for f in range(preference.shape[0]):
        for v in range(visit_count[0]):
            preference[f, visit_customer[v]] = chance[f, v]


@kernel
def keep_visits_to_firms(visit_count, visit_customer, visit_nth, visit_provider, visit_firm, visit_pair, provider):
    """Leave on the list only visits to a firm, and write the place of firm and visitor in columns seen as one row.

    visit_count (1,), visit_customer, visit_nth, visit_provider, visit_firm, visit_pair (visits,)  [written]
    """
    there = 0
    for v in range(visit_count[0]):
        there += 1 if visit_firm[v] >= 0 else 0
    if there < visit_count[0]:
        kept = 0
        for v in range(visit_count[0]):
            visit_customer[kept] = visit_customer[v]
            visit_nth[kept] = visit_nth[v]
            visit_provider[kept] = visit_provider[v]
            visit_firm[kept] = visit_firm[v]
            kept += 1 if visit_firm[v] >= 0 else 0
        visit_count[0] = there
    n = np.int64(provider.shape[0])
    for v in range(there):
        visit_pair[v] = np.int64(visit_firm[v]) * n + np.int64(visit_customer[v])
