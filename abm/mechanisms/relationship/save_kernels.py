"""Kernels of save offers: lots, letters, inertia that counts less, and the true effect of a contact.   No neighbours.

Claim: a contact makes a customer compare, so that for a while what leaving would cost her counts less.
Source: ASCARZA_IYENGAR_SCHLEICHER_2016 (contacts that raise churn); sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.relationship.targets import CONTACTED, HELD_OUT, TARGET
from abm.mechanisms.relationship.vouchers import voucher_worth


@equation
def chance_after(p, q, own, pull, loss):
    """Return the chance of choosing a firm after its utility has risen by `pull`, and that of the provider fallen.

    p   : chance of the firm before      q : of the provider, if that is another firm, else 0
    own : whether the firm is the provider, whose utility falls by `loss`
    """
    firm = p * exp32(pull - (loss if own else np.float32(0.0)))
    rival = q * exp32(-loss)
    return firm / (max(1.0 - p - q, np.float32(0.0)) + firm + rival)


@equation
def gained_visits(p, q, own, pull, loss, rate, honoured_for, awake_for):
    """Return the visits that a contact brings a firm while it works, at a preference that it does not change else.

    On the first occasion, which comes with `1 - e^(-rate * honoured_for)` while the voucher is honoured, both act; on
    the other occasions of `awake_for` periods, `rate * awake_for` less that chance and 0 at least, only the loss of
    inertia.
    """
    first = 1.0 - exp32(-rate * honoured_for)
    later = max(rate * awake_for - first, np.float32(0.0))
    both = chance_after(p, q, own, pull, loss) - p
    return first * both + later * (chance_after(p, q, own, np.float32(0.0), loss) - p)


@kernel
def draw_order(save_luck, customer_id, save_rate, every, key, replication, lo, hi, t):
    """In the period before a campaign, draw the order in which customers are chosen by lot.

    Draw 0, block j, word 0, in periods t of which t + 1 is a multiple of `every`, for firms with a `save_rate` above 0.

    save_luck (m, n)  0-1  [written]
    """
    if (t + 1) % every == 0:
        for j in range(save_luck.shape[0]):
            if save_rate[j] > 0.0:
                for i in range(lo, hi):
                    save_luck[j, i] = uniform4(key, customer_id[i], t, j, replication)[0]


@kernel
def foresee_gain(
    save_gain, utility_of_switching_cost, preference, provider, exited, purchase_rate, basket, price_response, price,
    save_voucher, honoured_for, ranks_by_truth, waking, awake_for, every, lo, hi, t,
):  # fmt: skip
    """In the period before a campaign, work out for firms that see the truth what a contact would bring them.

    It is `gained_visits` of the preference and provider after the period's choices, with the voucher's pull
    `price_response * voucher_worth`, the loss `waking` times the cost of leaving in utility (the sum of
    `utility_of_switching_cost` over firms, of which all but that of the provider before the choices are 0), and the
    usual purchase rate; 0 of who has left the category.

    save_gain (m, n)  visits  [written]
    """
    if (t + 1) % every == 0:
        for j in range(save_gain.shape[0]):
            if ranks_by_truth[j] > 0:
                for i in range(lo, hi):
                    inertia = np.float32(0.0)
                    for f in range(utility_of_switching_cost.shape[0]):
                        inertia += utility_of_switching_cost[f, i - lo]
                    own = provider[i] == np.int64(j)
                    q = preference[max(provider[i], 0), i] if provider[i] >= 0 and not own else np.float32(0.0)
                    pull = price_response[i] * voucher_worth(save_voucher[j], basket[i], price[j])
                    gain = gained_visits(
                        preference[j, i], q, own, pull, waking * inertia, purchase_rate[i], np.float32(honoured_for[j]),
                        np.float32(awake_for),
                    )  # fmt: skip
                    save_gain[j, i] = gain if exited[i] < 0 else np.float32(0.0)


@kernel
def draw_lots(
    save_state, customer_id, save_rate, holdout, every, save_contacted, save_held_out, key, replication, lo, hi, t
):  # fmt: skip
    """In the period of a campaign, hold out a part of the targets by lot, and contact the others.

    Periods that are a multiple of `every`, but not 0. A target (state 1) is held out (3) if a uniform (draw 1, block j,
    word 0) is below `holdout`, else contacted (2).

    save_state (m, n)  code  [written]      save_contacted, save_held_out  tallies [written]
    """
    if t % every == 0 and t > 0:
        for j in range(save_state.shape[0]):
            if save_rate[j] > 0.0:
                asked, left_out = 0, 0
                for i in range(lo, hi):
                    if save_state[j, i] == TARGET:
                        out = uniform4(key, customer_id[i], t, (1 << 16) | j, replication)[0] < holdout[j]
                        save_state[j, i] = HELD_OUT if out else CONTACTED
                        left_out += 1 if out else 0
                        asked += 0 if out else 1
                save_contacted[j] += asked
                save_held_out[j] += left_out


@kernel
def approach_targets(approaches, save_state, every, lo, hi, t):
    """In the period of a campaign, approach each contacted target once.  approaches (m, tile)  contacts  [written]"""
    if t % every == 0 and t > 0:
        for j in range(approaches.shape[0]):
            for i in range(lo, hi):
                approaches[j, i - lo] += np.float32(1.0) if save_state[j, i] == CONTACTED else np.float32(0.0)


@kernel
def ask_to_compare(wakings, save_state, every, lo, hi, t):
    """In the period of a campaign, let each contact make its target compare.  wakings (m, tile)  contacts  [written]"""
    if t % every == 0 and t > 0:
        for j in range(wakings.shape[0]):
            for i in range(lo, hi):
                wakings[j, i - lo] += np.float32(1.0) if save_state[j, i] == CONTACTED else np.float32(0.0)


@kernel
def awaken(awake_until, wakings, reachable, awake_for, lo, hi, t):
    """Let contacts that make customers compare reach them.

    Where `wakings` is above 0 and the firm's data reach her she is awake through period `t + awake_for - 1`, or longer
    if she was.

    awake_until (n,)  period  [written]
    """
    for j in range(wakings.shape[0]):
        for i in range(lo, hi):
            if wakings[j, i - lo] > 0.0 and reachable[j, i] > 0:
                awake_until[i] = max(awake_until[i], np.int32(t + awake_for - 1))


@kernel
def offer_to_targets(offer_value, save_state, save_voucher, every, lo, hi, t):
    """In the period of a campaign, send each contacted target a voucher.  offer_value (m, tile)  cents  [written]"""
    if t % every == 0 and t > 0:
        for j in range(offer_value.shape[0]):
            for i in range(lo, hi):
                offer_value[j, i - lo] += save_voucher[j] if save_state[j, i] == CONTACTED else np.int64(0)


@kernel
def wake(utility, utility_of_switching_cost, awake_until, waking, lo, hi, t):
    """Take `waking` times the cost of leaving off the utility of the provider of who is awake: `t <= awake_until`.

    utility (m, tile)  logit units  [written]
    """
    latest = np.int32(-1)
    for i in range(lo, hi):
        latest = max(latest, awake_until[i])
    for j in range(utility.shape[0] if latest >= t else 0):
        for i in range(lo, hi):
            part = waking if awake_until[i] >= t else np.float32(0.0)
            utility[j, i - lo] -= part * utility_of_switching_cost[j, i - lo]
