"""Channels by which visits come: their names, and the kernels of `channels`.   Reads only its own customer."""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32, in_steps, log32, normal32, unit
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4

CHANNELS = ("counter", "phone", "e_mail", "social", "chat", "self_service")
REMOTE = CHANNELS[1:]
COUNTER, SELF_SERVICE = 0, len(CHANNELS) - 1
COUNTER_ALONE = 1  # of `channels_open`, where bit c says that channel c is open
NO_CHANNEL = np.uint8(255)
NO_HANDOVER, CONTEXT_KEPT, CONTEXT_LOST = np.uint8(0), np.uint8(1), np.uint8(2)
_STRONGEST = np.float32(30.0)  # exponent of a pull, either way: products and sums of pulls stay within float32


@equation
def pull(liking, occasion_spread):
    """Return the weight of a channel in a logit: e^(liking / occasion_spread), its exponent within -30 and 30."""
    return exp32(min(max(liking / occasion_spread, -_STRONGEST), _STRONGEST))


@equation
def pull_now(c, lasting, discount, price, price_response, occasion_spread):
    """Return the weight of channel c: of self-service with a discount, times `pull(price_response price discount)`.

    lasting : the weight without a discount
    """
    if c == SELF_SERVICE and discount > 0.0:
        return lasting * pull(price_response * price * discount, occasion_spread)
    return lasting


@equation
def beyond_counter(channel, phone, e_mail, social, chat, self_service):
    """Return what a channel costs beyond a visit at the counter; 0 at the counter itself."""
    if channel == 1:
        return phone
    if channel == 2:
        return e_mail
    if channel == 3:
        return social
    if channel == 4:
        return chat
    return self_service if channel == SELF_SERVICE else 0


@kernel
def draw_pulls(channel_pull, customer_id, remote_appeal, appeal_spread, occasion_spread, key, replication):
    """Draw how each customer likes each channel against the counter, for life, and write it as a weight.

    Liking is 0 for the counter, else `remote_appeal[c - 1] + appeal_spread * z`, z the normal quantile of word 0
    (period 0, draw 0, block c); the weight is its `pull`.

    channel_pull (6, n)  weight  [written]      remote_appeal (5,)  logit units
    """
    for i in range(customer_id.shape[0]):
        channel_pull[COUNTER, i] = 1.0
    for c in range(1, channel_pull.shape[0]):
        for i in range(customer_id.shape[0]):
            z = normal32(uniform4(key, customer_id[i], 0, c, replication)[0])
            channel_pull[c, i] = pull(remote_appeal[c - 1] + appeal_spread * z, occasion_spread)


@kernel
def add_access(
    utility, channel_pull, channels_open, self_service_discount, price, price_response, occasion_spread, lo, hi
):  # fmt: skip
    """Add what a firm's channels are worth against the counter alone: `occasion_spread * ln(sum of pulls)`.

    The sum goes over the channels that are open, from the counter on, with `pull_now` of each. Of a firm whose counter
    alone is open nothing is added.

    utility (m, tile)  logit units  [written]
    """
    for j in range(utility.shape[0]):
        there = channels_open[j]
        if there != COUNTER_ALONE:
            for i in range(lo, hi):
                total = np.float32(0.0)
                for c in range(channel_pull.shape[0]):
                    if (there >> c) & 1:
                        total += pull_now(
                            c, channel_pull[c, i], self_service_discount[j], price[j], price_response[i],
                            occasion_spread,
                        )  # fmt: skip
                utility[j, i - lo] += occasion_spread * log32(total)


@kernel
def pick_channel(
    visit_channel, visit_count, visit_customer, visit_nth, visit_firm, channel_pull, channels_open,
    self_service_discount, price, price_response, customer_id, occasion_spread, key, replication, t,
):  # fmt: skip
    """Let each visitor come by one of the firm's open channels, by a logit with `pull_now` as weights.

    With u of word 0 (draw 0, block nth) it is the first open channel, from the counter on, at which the weights added
    up so far are above u times their sum; the last open one, if rounding leaves none. At a firm whose counter alone is
    open it is the counter.

    visit_channel (visits,)  code  [written]
    """
    for v in range(visit_count[0]):
        i, j = visit_customer[v], visit_firm[v]
        there, discount = channels_open[j], self_service_discount[j]
        visit_channel[v] = COUNTER
        if there != COUNTER_ALONE:
            total = np.float32(0.0)
            for c in range(channel_pull.shape[0]):
                if (there >> c) & 1:
                    total += pull_now(c, channel_pull[c, i], discount, price[j], price_response[i], occasion_spread)
            wanted = uniform4(key, customer_id[i], t, visit_nth[v], replication)[0] * total
            reached, found = np.float32(0.0), False
            for c in range(channel_pull.shape[0]):
                if (there >> c) & 1 and not found:
                    reached += pull_now(c, channel_pull[c, i], discount, price[j], price_response[i], occasion_spread)
                    visit_channel[v] = c
                    found = reached > wanted


@kernel
def hand_over(
    visit_context, last_channel_at, visit_channel, visit_count, visit_customer, visit_nth, visit_firm, visit_pair,
    known_at, encounters_at, customer_id, shared_records, context_use, handovers, contexts_lost, key, replication, t,
):  # fmt: skip
    """Find who comes by another channel than on her visit before, and whether her context came with her.

    It does if the firm knows her already and word 1 (draw 0, block nth) is below `shared_records * context_use`; else
    it is lost. Then the channel of this visit is her last one, whenever she comes again. Who had visited the firm
    before any firm had more than the counter came to the counter.

    visit_context (visits,)  0 no handover, 1 kept, 2 lost  [written]      last_channel_at (pairs,)  code  [written]
    handovers, contexts_lost  tallies [written]
    """
    for v in range(visit_count[0]):
        j, pair, channel = visit_firm[v], visit_pair[v], visit_channel[v]
        visit_context[v] = NO_HANDOVER
        before = last_channel_at[pair]
        if before == NO_CHANNEL and encounters_at[pair] > 0:
            before = np.uint8(COUNTER)
        if before != NO_CHANNEL and before != channel:
            luck = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)[1]
            kept = known_at[pair] > 0 and luck < shared_records[j] * context_use[j]
            visit_context[v] = CONTEXT_KEPT if kept else CONTEXT_LOST
            handovers[j] += 1
            contexts_lost[j] += 0 if kept else 1
        last_channel_at[pair] = channel


@kernel
def fall_short(
    performance_shift, visit_count, visit_firm, visit_channel, visit_context, remote_shortfall, remote_quality,
    context_loss,
):  # fmt: skip
    """Take from performance what a remote channel falls short of the counter, and what is lost with the context.

    That is `remote_shortfall[c - 1] * (1 - remote_quality)` by channel c, and `context_loss` if the context is lost.

    performance_shift (visits,)  [written]      remote_shortfall (5,)  0-1
    """
    for v in range(visit_count[0]):
        channel = np.int64(visit_channel[v])
        if channel != COUNTER:
            performance_shift[v] -= remote_shortfall[channel - 1] * (1.0 - remote_quality[visit_firm[v]])
        if visit_context[v] == CONTEXT_LOST:
            performance_shift[v] -= context_loss


@kernel
def thin_contact(richness_shift, visit_count, visit_firm, visit_channel, remote_richness, richness):
    """Make contact by a remote channel as rich as that channel: add `remote_richness[c - 1] - richness`.

    richness_shift (visits,)  [written]      remote_richness (5,)  0-1
    """
    for v in range(visit_count[0]):
        channel = np.int64(visit_channel[v])
        if channel != COUNTER:
            richness_shift[v] += remote_richness[channel - 1] - richness[visit_firm[v]]


@kernel
def discount_self_service(visit_discount, visit_count, visit_firm, visit_channel, self_service_discount):
    """Take the discount for self-service off what is left of the price.  visit_discount (visits,)  share  [written]"""
    for v in range(visit_count[0]):
        if visit_channel[v] == SELF_SERVICE:
            visit_discount[v] += self_service_discount[visit_firm[v]] * (1.0 - visit_discount[v])


@kernel
def add_channel_cost(
    visit_cost, visit_count, visit_firm, visit_channel, phone_expense, e_mail_expense, social_expense, chat_expense,
    self_service_expense,
):  # fmt: skip
    """Add what a visit by its channel costs beyond one at the counter.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        j = visit_firm[v]
        visit_cost[v] += beyond_counter(
            visit_channel[v], phone_expense[j], e_mail_expense[j], social_expense[j], chat_expense[j],
            self_service_expense[j],
        )  # fmt: skip


@kernel
def count_channels(
    visit_count, visit_firm, visit_channel, transaction, remote_richness, richness, phone_expense, e_mail_expense,
    social_expense, chat_expense, self_service_expense, channel_visits, channel_transaction, richness_sum,
    channel_handling,
):  # fmt: skip
    """Count visits by channel, with satisfaction, richness of contact and what they cost beyond the counter.

    Satisfaction with the visit, and richness, are summed in whole 2^-20, rounded down. Tallies [written]:
    channel_visits, channel_transaction (6, firms), richness_sum, channel_handling
    """
    for v in range(visit_count[0]):
        j, channel = visit_firm[v], np.int64(visit_channel[v])
        channel_visits[channel, j] += 1
        channel_transaction[channel, j] += in_steps(transaction[v])
        richness_sum[j] += in_steps(unit(richness[j] if channel == COUNTER else remote_richness[channel - 1]))
        channel_handling[j] += beyond_counter(
            channel, phone_expense[j], e_mail_expense[j], social_expense[j], chat_expense[j], self_service_expense[j]
        )


@kernel(per="share")
def book_channels(channel_upkeep, channel_upkeep_expense, lo, hi):
    """Book what open channels cost, per customer of the market.  channel_upkeep  tally, in 1/1000 cent  [written]"""
    for j in range(channel_upkeep_expense.shape[0]):
        channel_upkeep[j] += channel_upkeep_expense[j] * (np.int64(hi) - np.int64(lo))


@kernel(per="share")
def book_sharing(record_sharing, sharing_expense, known_customers):
    """Book what sharing records between channels costs, in 1/100 cent.  record_sharing  tally [written]"""
    for j in range(sharing_expense.shape[0]):
        record_sharing[j] += known_customers[j] * sharing_expense[j]
