"""Kernels of buying centres: who has influence, what each role thinks of a firm, and which firms are on the shortlist.

Reads only its own customer.
Claim: each role of a buying centre judges by its own criterion, and a firm is bought from if those who have influence
are for it.
Source: assumed.

An attitude lies in [-2, 2]: its `stance` is the nearest whole number. Everything is float32.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32, normal32
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.sums import UNCONSIDERED

ROLES = ("user", "approver", "evaluator", "decider")
_DRAW_1, _DRAW_2 = 1 << 16, 2 << 16  # block 0 of draws 1 and 2 of an address


@equation
def within(attitude):
    """Return an attitude clipped to [-2, 2]."""
    return min(max(attitude, np.float32(-2.0)), np.float32(2.0))


@equation
def stance(attitude):
    """Return floor(attitude + 0.5): -2 an opponent, -1 against, 0 neutral, 1 in support, 2 a sponsor."""
    return np.int64(np.floor(attitude + 0.5))


@equation
def talked_over(attitude, talks, persuasion):
    """Return an attitude after so many talks, each of which moves it by `persuasion` of its way to 2.

    talks : whole number
    """
    for _ in range(np.int64(talks)):
        attitude += persuasion * (2.0 - attitude)
    return attitude


@equation
def support_of(influence, user_attitude, approver_attitude, evaluator_attitude, decider_attitude, j, i):
    """Return X, the sum of influence times attitude over user, approver, evaluator, decider, added in this order."""
    found = influence[0, i] * user_attitude[j, i]
    found += influence[1, i] * approver_attitude[j, i]
    found += influence[2, i] * evaluator_attitude[j, i]
    found += influence[3, i] * decider_attitude[j, i]
    return found


@kernel
def draw_centres(
    organisation, influence, customer_id, centre_share, user_part, approver_part, evaluator_part, decider_part,
    influence_spread, key, replication,
):  # fmt: skip
    """Draw for life which customers have a buying centre, and the influence of its roles: part × e^(spread z) / sum.

    z standard normal, of words 0 to 3 of draw 0, block 0, period 0, in the order user, approver, evaluator, decider;
    the sum adds the four in this order. A customer has a centre if word 0 of draw 1, block 0 is below `centre_share`.

    organisation (n,)  bool, influence (4, n)  share  [written]
    """
    for i in range(customer_id.shape[0]):
        a, b, c, d = uniform4(key, customer_id[i], 0, 0, replication)
        user = user_part * exp32(influence_spread * normal32(a))
        approver = approver_part * exp32(influence_spread * normal32(b))
        evaluator = evaluator_part * exp32(influence_spread * normal32(c))
        decider = decider_part * exp32(influence_spread * normal32(d))
        every = user + approver + evaluator + decider
        influence[0, i] = user / every
        influence[1, i] = approver / every
        influence[2, i] = evaluator / every
        influence[3, i] = decider / every
        organisation[i] = 1 if uniform4(key, customer_id[i], 0, _DRAW_1, replication)[0] < centre_share else 0


@kernel
def draw_attitudes(
    user_attitude, approver_attitude, evaluator_attitude, decider_attitude, customer_id, first_attitude,
    attitude_spread, key, replication,
):  # fmt: skip
    """Draw what each role thinks of each firm at first: Normal(first_attitude, attitude_spread), in [-2, 2].

    Words 0 to 3 of draw 2, block j, period 0, in the order user, approver, evaluator, decider.

    user_attitude, approver_attitude, evaluator_attitude, decider_attitude (m, n)  [written]
    """
    for j in range(user_attitude.shape[0]):
        for i in range(customer_id.shape[0]):
            a, b, c, d = uniform4(key, customer_id[i], 0, _DRAW_2 | j, replication)
            user_attitude[j, i] = within(first_attitude + attitude_spread * normal32(a))
            approver_attitude[j, i] = within(first_attitude + attitude_spread * normal32(b))
            evaluator_attitude[j, i] = within(first_attitude + attitude_spread * normal32(c))
            decider_attitude[j, i] = within(first_attitude + attitude_spread * normal32(d))


@kernel
def meet_roles(
    user_talks, approver_talks, evaluator_talks, decider_talks, organisation, aware, exited, customer_id, user_effort,
    approver_effort, evaluator_effort, decider_effort, key, replication, lo, hi, t,
):  # fmt: skip
    """Let firms that make an effort talk with persons, each with the chance of the effort for her role.

    Word 0 (user) to 3 (decider) of draw 0, block j, of period t: she is talked with if it is below the effort. Reached
    are centres that know the firm and have not left the category (`exited` below 0). A firm whose four efforts are 0
    draws nothing.

    user_talks, … decider_talks (m, tile)  talks  [written]
    """
    for j in range(aware.shape[0]):
        if user_effort[j] + approver_effort[j] + evaluator_effort[j] + decider_effort[j] > 0.0:
            for i in range(lo, hi):
                if organisation[i] > 0 and aware[j, i] > 0 and exited[i] < 0:
                    a, b, c, d = uniform4(key, customer_id[i], t, j, replication)
                    user_talks[j, i - lo] += np.float32(1.0) if a < user_effort[j] else np.float32(0.0)
                    approver_talks[j, i - lo] += np.float32(1.0) if b < approver_effort[j] else np.float32(0.0)
                    evaluator_talks[j, i - lo] += np.float32(1.0) if c < evaluator_effort[j] else np.float32(0.0)
                    decider_talks[j, i - lo] += np.float32(1.0) if d < decider_effort[j] else np.float32(0.0)


@kernel
def book_efforts(organisation, aware, exited, effort_expense, persuasion_spend, lo, hi):
    """Book `effort_expense` for each centre that `meet_roles` reaches, whoever there is talked with.

    persuasion_spend  tally, in 1/100 cent [written]
    """
    for j in range(aware.shape[0]):
        reached = np.int64(0)
        for i in range(lo, hi):
            reached += 1 if organisation[i] > 0 and aware[j, i] > 0 and exited[i] < 0 else 0
        persuasion_spend[j] += reached * effort_expense[j]


@kernel
def move_attitudes(
    user_attitude, approver_attitude, evaluator_attitude, decider_attitude, user_talks, approver_talks,
    evaluator_talks, decider_talks, organisation, first_attitude, fading, persuasion, talks_held, lo, hi,
):  # fmt: skip
    """Let attitudes fade, by `fading` of their way to `first_attitude`, and then be moved by the period's talks.

    user_attitude, … decider_attitude (m, n)  [written]      talks_held  tally [written]
    """
    for j in range(user_attitude.shape[0]):
        held = np.int64(0)
        for i in range(lo, hi):
            if organisation[i] > 0:
                r = i - lo
                user = user_attitude[j, i] + fading * (first_attitude - user_attitude[j, i])
                approver = approver_attitude[j, i] + fading * (first_attitude - approver_attitude[j, i])
                evaluator = evaluator_attitude[j, i] + fading * (first_attitude - evaluator_attitude[j, i])
                decider = decider_attitude[j, i] + fading * (first_attitude - decider_attitude[j, i])
                user_attitude[j, i] = within(talked_over(user, user_talks[j, r], persuasion))
                approver_attitude[j, i] = within(talked_over(approver, approver_talks[j, r], persuasion))
                evaluator_attitude[j, i] = within(talked_over(evaluator, evaluator_talks[j, r], persuasion))
                decider_attitude[j, i] = within(talked_over(decider, decider_talks[j, r], persuasion))
                talks = user_talks[j, r] + approver_talks[j, r] + evaluator_talks[j, r] + decider_talks[j, r]
                held += np.int64(talks)
        talks_held[j] += held


@kernel
def form_shortlist(
    utility, shortlisted, organisation, influence, user_attitude, approver_attitude, evaluator_attitude,
    decider_attitude, aware, support_weight, lo, hi,
):  # fmt: skip
    """Add support to the utility of each firm in the eyes of each centre, and leave out who is not on its shortlist.

    On the shortlist are firms that the centre knows, that its approver does not veto (stance -2), and whose X is above
    0; if there is none, all that it knows and that are not vetoed. The term is `support_weight * X`, and for a firm
    that is not on the shortlist a utility that nothing lifts as well.

    utility (m, tile)  logit units, shortlisted (m, tile)  bool  [written]
    """
    m = utility.shape[0]
    for i in range(lo, hi):
        r, supported = i - lo, False
        for j in range(m if organisation[i] > 0 else 0):
            x = support_of(influence, user_attitude, approver_attitude, evaluator_attitude, decider_attitude, j, i)
            open_to = aware[j, i] > 0 and stance(approver_attitude[j, i]) > -2
            shortlisted[j, r] = 1 if open_to else 0
            supported |= open_to and x > 0.0
        for j in range(m if organisation[i] > 0 else 0):
            x = support_of(influence, user_attitude, approver_attitude, evaluator_attitude, decider_attitude, j, i)
            if supported and x <= 0.0:
                shortlisted[j, r] = 0
            left_out = np.float32(0.0) if shortlisted[j, r] > 0 else UNCONSIDERED
            utility[j, r] += support_weight * x + left_out


@equation
def usual_price(price, aware, i):
    """Return the mean price of the firms that a customer knows, 0 if she knows none; added in the order of firms."""
    asked, known = np.float32(0.0), np.float32(0.0)
    for j in range(price.shape[0]):
        heard_of = np.float32(1.0) if aware[j, i] > 0 else np.float32(0.0)
        asked += heard_of * price[j]
        known += heard_of
    return asked / known if known > 0.0 else np.float32(0.0)


@equation
def saved(usual, paid):
    """Return what is saved against the usual price, as a part of it: (usual - paid) / usual, 0 if the usual is 0."""
    return (usual - paid) / usual if usual > 0.0 else np.float32(0.0)


@equation
def drawn_to(attitude, goal, learning):
    """Return an attitude after a visit: moved by `learning` of its way to the goal, which is in [-2, 2]."""
    return within(attitude + learning * (within(goal) - attitude))


@kernel
def learn_roles(
    user_attitude_at, approver_attitude_at, evaluator_attitude_at, decider_attitude_at, organisation, visit_count,
    visit_customer, visit_firm, visit_pair, performance, failure_severity, trust_at, visit_discount, price, aware,
    user_scale, user_standard, approver_scale, evaluator_scale, evaluator_standard, severity_scale, decider_quality,
    decider_price, learning,
):  # fmt: skip
    """Let each role learn from a visit by its own criterion, after trust has learned from the period's visits.

    The goal of the user is user_scale * (performance - user_standard); of the approver approver_scale * `saved` by the
    price paid, price * (1 - visit_discount), against `usual_price`, the mean price of the firms that the centre knows;
    of the evaluator evaluator_scale * (trust - evaluator_standard) - severity_scale * failure_severity; of the decider
    decider_quality of the user's, decider_price of the approver's and the rest of the evaluator's, each in [-2, 2].

    user_attitude_at, … decider_attitude_at (pairs,)  [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        if organisation[i] > 0:
            paid = price[j] * (1.0 - visit_discount[v])
            quality = within(user_scale * (performance[v] - user_standard))
            value = within(approver_scale * saved(usual_price(price, aware, i), paid))
            safety = evaluator_scale * (trust_at[pair] - evaluator_standard)
            safety = within(safety - severity_scale * failure_severity[v])
            rest = 1.0 - decider_quality - decider_price
            mix = decider_quality * quality + decider_price * value + rest * safety
            user_attitude_at[pair] = drawn_to(user_attitude_at[pair], quality, learning)
            approver_attitude_at[pair] = drawn_to(approver_attitude_at[pair], value, learning)
            evaluator_attitude_at[pair] = drawn_to(evaluator_attitude_at[pair], safety, learning)
            decider_attitude_at[pair] = drawn_to(decider_attitude_at[pair], mix, learning)
