"""Kernels of `personalisation`: needs in three layers, what a firm notes of them, and offers that follow it."""

from __future__ import annotations

from abm.core.functions import in_steps, normal32, unit
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4

STANDARD = 0.5  # where the one offer for all stands in each layer: in the middle of what customers need
_DRAW_1, _DRAW_2, _DRAW_3, _DRAW_4 = (draw << 16 for draw in range(1, 5))


@equation
def need_drawn(u, need_spread):
    """Return a need in [0, 1] from a uniform u: 0.5 + need_spread (u - 0.5)."""
    return 0.5 + need_spread * (u - 0.5)


@equation
def offered(noted, customisation):
    """Return where the offer stands in a layer, 0-1: from the standard 0.5 a part of the way to what is noted."""
    return 0.5 + customisation * (noted - 0.5)


@equation
def match(
    expressed, real, latent, noted_expressed, noted_real, noted_latent, customisation, expressed_weight, real_weight,
    latent_weight,
):  # fmt: skip
    """Return how close an offer is to needs, 0-1: 1 less the weighted sum over layers of |need - offered|."""
    miss = expressed_weight * abs(expressed - offered(noted_expressed, customisation))
    miss += real_weight * abs(real - offered(noted_real, customisation))
    miss += latent_weight * abs(latent - offered(noted_latent, customisation))
    return unit(1.0 - miss)


@equation
def noted_after(noted, need, wrong, uptake):
    """Return what is noted of a layer once revealed: `uptake` of the way to need + wrong, clipped to [0, 1]."""
    return noted + uptake * (unit(need + wrong) - noted)


@kernel
def draw_needs(need_layer, customer_id, need_spread, key, replication):
    """Draw what each customer needs: `need_drawn` of words 0, 1 and 2 (period 0, draw 0, block 0), layer by layer.

    need_layer (3, n)  0-1: expressed, real, latent  [written]
    """
    for i in range(customer_id.shape[0]):
        a, b, c, _ = uniform4(key, customer_id[i], 0, 0, replication)
        need_layer[0, i] = need_drawn(a, need_spread)
        need_layer[1, i] = need_drawn(b, need_spread)
        need_layer[2, i] = need_drawn(c, need_spread)


@kernel
def change_needs(need_layer, customer_id, need_change, need_spread, key, replication, lo, hi, t):
    """Draw layers of needs anew, each with probability `need_change`.

    Words 0, 1, 2 of draw 1, block 0 say whether a layer changes, the same words of draw 2, block 0 into what.

    need_layer (3, n)  0-1  [written]
    """
    for i in range(lo, hi):
        a, b, c, _ = uniform4(key, customer_id[i], t, _DRAW_1, replication)
        if a < need_change or b < need_change or c < need_change:
            x, y, z, _ = uniform4(key, customer_id[i], t, _DRAW_2, replication)
            if a < need_change:
                need_layer[0, i] = need_drawn(x, need_spread)
            if b < need_change:
                need_layer[1, i] = need_drawn(y, need_spread)
            if c < need_change:
                need_layer[2, i] = need_drawn(z, need_spread)


@kernel
def foresee_match(
    utility, need_layer, noted_expressed, noted_real, noted_latent, known, seen_visits, customisation, profile_use,
    individual_from, expressed_weight, real_weight, latent_weight, foreseen, lo, hi,
):  # fmt: skip
    """Add what an offer of her own is worth to a customer who gets one: `foreseen * (match - standard match)`.

    One is made by a firm with customisation to customers whom it knows and has seen on `individual_from` visits or
    more, with `customisation * profile_use`; the standard match is that with customisation 0.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        if customisation[j] > 0.0:
            follows = customisation[j] * profile_use[j]
            for i in range(lo, hi):
                if known[j, i] > 0 and seen_visits[j, i] >= individual_from[j]:
                    x, y, z = need_layer[0, i], need_layer[1, i], need_layer[2, i]
                    a, b, c = noted_expressed[j, i], noted_real[j, i], noted_latent[j, i]
                    own = match(x, y, z, a, b, c, follows, expressed_weight, real_weight, latent_weight)
                    usual = match(x, y, z, a, b, c, 0.0, expressed_weight, real_weight, latent_weight)
                    utility[j, i - lo] += foreseen * (own - usual)


@kernel
def make_offers(
    visit_match, visit_gain, visit_individual, visit_count, visit_customer, visit_firm, visit_pair, need_layer,
    noted_expressed_at, noted_real_at, noted_latent_at, known_at, seen_visits_at, customisation, profile_use,
    individual_from, expressed_weight, real_weight, latent_weight,
):  # fmt: skip
    """Write how close the offer on each visit is to what she needs, and how much closer than the standard one.

    It is her own offer under the condition of `foresee_match`, as before this visit; else it is the standard one.

    visit_match (visits,)  0-1, visit_gain (visits,)  -1 to 1, 0 for a standard offer, visit_individual (visits,)  bool
    [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        x, y, z = need_layer[0, i], need_layer[1, i], need_layer[2, i]
        a, b, c = noted_expressed_at[pair], noted_real_at[pair], noted_latent_at[pair]
        usual = match(x, y, z, a, b, c, 0.0, expressed_weight, real_weight, latent_weight)
        known = known_at[pair] > 0 and seen_visits_at[pair] >= individual_from[j]
        visit_match[v] = usual
        visit_gain[v] = 0.0
        visit_individual[v] = 0
        if known and customisation[j] > 0.0:
            follows = customisation[j] * profile_use[j]
            visit_match[v] = match(x, y, z, a, b, c, follows, expressed_weight, real_weight, latent_weight)
            visit_gain[v] = visit_match[v] - usual
            visit_individual[v] = 1


@kernel
def add_fit(performance_shift, visit_count, visit_gain, fit):
    """Add what a better match does to performance: `fit * visit_gain`.  performance_shift (visits,)  [written]"""
    for v in range(visit_count[0]):
        performance_shift[v] += fit * visit_gain[v]


@kernel
def note_needs(
    noted_expressed_at, noted_real_at, noted_latent_at, visit_count, visit_customer, visit_nth, visit_firm, visit_pair,
    need_layer, known_at, customer_id, interaction, differentiation, profile_use, expressed_revealed, real_revealed,
    latent_revealed, note_error, uptake, key, replication, t,
):  # fmt: skip
    """Let firms talk to visitors whom they know, and note what is revealed; of a visitor not known nothing is kept.

    A known visitor is talked to with probability `interaction` (draw 3, block nth, word 0); then each layer is revealed
    with its own probability (words 1, 2, 3: expressed, real, latent) and noted by `noted_after`, wrong by `(1 -
    differentiation * profile_use) * note_error * z`, z the normal quantile of words 0, 1, 2 of draw 4, block nth. Of a
    visitor whom the firm does not know at the visit, what is noted is 0.5 in each layer.

    noted_expressed_at, noted_real_at, noted_latent_at (pairs,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        if known_at[pair] == 0:
            noted_expressed_at[pair] = STANDARD
            noted_real_at[pair] = STANDARD
            noted_latent_at[pair] = STANDARD
        elif interaction[j] > 0.0:
            talk, a, b, c = uniform4(key, customer_id[i], t, _DRAW_3 | visit_nth[v], replication)
            if talk < interaction[j]:
                x, y, z, _ = uniform4(key, customer_id[i], t, _DRAW_4 | visit_nth[v], replication)
                wrong = (1.0 - differentiation[j] * profile_use[j]) * note_error
                if a < expressed_revealed:
                    noted_expressed_at[pair] = noted_after(
                        noted_expressed_at[pair], need_layer[0, i], wrong * normal32(x), uptake
                    )
                if b < real_revealed:
                    noted_real_at[pair] = noted_after(
                        noted_real_at[pair], need_layer[1, i], wrong * normal32(y), uptake
                    )
                if c < latent_revealed:
                    noted_latent_at[pair] = noted_after(
                        noted_latent_at[pair], need_layer[2, i], wrong * normal32(z), uptake
                    )


@kernel
def add_personal_cost(
    visit_cost, visit_count, visit_firm, visit_pair, visit_individual, known_at, interaction_expense,
    customisation_expense,
):  # fmt: skip
    """Add what talking to a known visitor costs, and an offer of her own.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        j = visit_firm[v]
        visit_cost[v] += interaction_expense[j] if known_at[visit_pair[v]] > 0 else 0
        visit_cost[v] += customisation_expense[j] if visit_individual[v] > 0 else 0


@kernel
def count_personal(
    visit_count, visit_firm, visit_pair, visit_match, visit_gain, visit_individual, known_at, interaction_expense,
    customisation_expense, matched_visits, match_sum, individual_visits, misfits, interaction_spend,
    customisation_spend,
):  # fmt: skip
    """Count visits, matches in whole 2^-20, rounded down, offers of one's own, those worse than standard, and costs.

    matched_visits and what follows: tallies [written]
    """
    for v in range(visit_count[0]):
        j = visit_firm[v]
        matched_visits[j] += 1
        match_sum[j] += in_steps(visit_match[v])
        interaction_spend[j] += interaction_expense[j] if known_at[visit_pair[v]] > 0 else 0
        if visit_individual[v] > 0:
            individual_visits[j] += 1
            misfits[j] += 1 if visit_gain[v] < 0.0 else 0
            customisation_spend[j] += customisation_expense[j]


@kernel(per="share")
def book_differentiation(differentiation_expense, known_customers, differentiation_spend):
    """Book what telling known customers apart costs, in 1/100 cent.  differentiation_spend  tally [written]"""
    for j in range(differentiation_expense.shape[0]):
        differentiation_spend[j] += known_customers[j] * differentiation_expense[j]
