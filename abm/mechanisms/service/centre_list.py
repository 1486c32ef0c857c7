"""The list of a period's contacts: who asks, who complains, who comes again, and who reaches an agent when.

Contacts of a period are spread over representative days of a centre that serves `centre_visits` a week, if its firm has
its equal share of the market's occasions. What is counted is occasions, not contacts, as fewer contacts are what good
service earns: agents would otherwise go with the contacts that they spare.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import exp32
from abm.core.kernels import equation, kernel
from abm.core.order import sort_by
from abm.core.streams import uniform4
from abm.mechanisms.service.centre_records import (
    ANNOYED,
    ASKS,
    BEST,
    BLOCK,
    CALL,
    COMPLAINT,
    CONTAINED,
    CUSTOMER,
    DEFERRED,
    FIRM,
    FIRST,
    LACKED,
    MATTER,
    NO_MATTER,
    OUTCOME,
    QUESTION,
    RESOLVED,
    RETURNS,
    SITE,
    TOLD,
    VISIT,
    WRITTEN,
)
from abm.mechanisms.service.centre_rules import part_of_site
from abm.mechanisms.service.waiting_rules import days_of_period, interval_of
from abm.queues.rules import AWAY, DENIED, NOBODY
from abm.world.columns import MOST_OCCASIONS
from abm.world.complaints import CHANNELS

PHONE, ONLINE = CHANNELS.index("phone"), CHANNELS.index("online")
DAY = 4.0  # opening times from one day to the next: the longest day, and the time at a machine, are shorter
_WEEKS = 52.0  # of a year


@equation
def chance_of_question(question_rate, periods_per_year):
    """Return the chance of at least one question in a period, at a rate per week: 1 - e^(-rate weeks)."""
    return 1.0 - exp32(-np.float32(question_rate) * np.float32(_WEEKS) / np.float32(periods_per_year))


@equation
def begin_contact(one, i, j, block, matter, first, visit, written):
    """Write what is known of a contact as it arises: its OUTCOME is AWAY, and what is not given is 0."""
    one[:] = 0
    one[CUSTOMER], one[FIRM], one[BLOCK], one[MATTER] = i, j, block, matter
    one[FIRST], one[VISIT], one[WRITTEN], one[OUTCOME] = first, visit, written, AWAY


@kernel(per="market", double=True)
def list_contacts(
    contact, contact_number, own_contacts, open_matter, book_start, book_visit, visit_customer, visit_nth,
    complaint_channel, encounters, provider, exited, customer_id, has_centre, messages, question_rate, tries_again,
    written_part, periods_per_year, key, replication, t,
):  # fmt: skip
    """List the contacts of the period with firms that have a centre.

    First come complaints made by telephone or online, firm by firm, visits in the order of the book (block nth);
    written are those online. Then, firm by firm and row by row: who has an open matter, also if she has left the market
    or complains to the firm in this period, comes again about it if word 0 of draw 2, block 32 + firm, is below
    `tries_again`, else she drops the matter; of the others in the market, who has bought from the firm before this
    period and has it as her provider has a question if word 0 of draw 2, block 16 + firm, is below
    `chance_of_question`. Either is written if word 1 of the same draw is below `written_part`. A firm that does not
    answer messages is called instead. A customer makes at most 15 contacts of all kinds: beyond them she neither asks
    nor comes again, and her matter stays open. FIRST is 0 of who comes again, else 1; VISIT is the place of the visit
    in the book, -1 where there is none. The matter of who comes again is still open here.

    contact (book, FIELDS), contact_number (1,), own_contacts (n,)  contacts, open_matter (m, n)  code  [written]
    """
    n, count = customer_id.shape[0], 0
    own_contacts[:] = 0
    for j in range(has_centre.shape[0]):
        for k in range(book_start[j], book_start[j + 1] if has_centre[j] > 0 else book_start[j]):
            v = np.int64(book_visit[k])
            channel, who = complaint_channel[v], np.int64(visit_customer[v])
            if channel == PHONE or channel == ONLINE:
                written = 1 if channel == ONLINE and messages[j] > 0 else 0
                begin_contact(contact[count], who, j, visit_nth[v], COMPLAINT, 1, v, written)
                own_contacts[who] += 1
                count += 1
    chance = chance_of_question(question_rate, periods_per_year)
    for j in range(has_centre.shape[0]):
        for i in range(n if has_centre[j] > 0 else 0):
            matter = np.int64(open_matter[j, i])
            asks = matter == NO_MATTER and encounters[j, i] > 0.0 and provider[i] == j and exited[i] < 0
            if (asks or matter != NO_MATTER) and own_contacts[i] < MOST_OCCASIONS:
                block = (ASKS if asks else RETURNS) + j
                u, w, _, _ = uniform4(key, customer_id[i], t, (2 << 16) | block, replication)
                comes = u < (chance if asks else tries_again)
                if comes:
                    about, first = (QUESTION, 1) if asks else (matter, 0)
                    written = 1 if w < written_part and messages[j] > 0 else 0
                    begin_contact(contact[count], i, j, block, about, first, np.int64(NOBODY), written)
                    own_contacts[i] += 1
                    count += 1
                elif not asks:
                    open_matter[j, i] = NO_MATTER
    contact_number[0] = count


@kernel(per="market", double=True)
def mark_best(contact, contact_number, customer_class):
    """Mark contacts of class A at their firm.  contact (book, FIELDS)  [written]"""
    for c in range(contact_number[0]):
        contact[c, BEST] = 1 if customer_class[contact[c, FIRM], contact[c, CUSTOMER]] == 1 else 0


@equation(double=True)
def goes_before(a, b, order, moment, contact, customer_id):
    """Return whether of two contacts of the same moment the one at b goes before that at a: by identity, by block."""
    c, d = order[a], order[b]
    if moment[c] != moment[d]:
        return False
    mine, hers = customer_id[contact[d, CUSTOMER]], customer_id[contact[c, CUSTOMER]]
    return mine < hers or (mine == hers and contact[d, BLOCK] < contact[c, BLOCK])


@kernel(per="market", double=True)
def ask_machine(
    contact, contact_number, customer_id, agents, sites, self_service, containable_questions, containable_complaints,
    key, replication, t,
):  # fmt: skip
    """Let machines contain what they can, before an agent is reached, and divide the others over sites.

    Where `self_service` is above 0, a contact is contained if word 2 of draw 1 at its block is below `self_service`
    times the part of its matter that can be; the others come to agents annoyed. Who comes where no agents are is
    DENIED, and as annoyed. The site is the second if word 2 of draw 2 is not below the first one's part of all agents,
    0 where there are none; who is contained has one, too. DEFERRED is who writes; TOLD, LACKED and RESOLVED are 0.

    contact (book, FIELDS)  [written]
    """
    for c in range(contact_number[0]):
        one = contact[c]
        j, who = one[FIRM], customer_id[one[CUSTOMER]]
        able = self_service[j] * (containable_questions if one[MATTER] == QUESTION else containable_complaints)
        luck = uniform4(key, who, t, (1 << 16) | one[BLOCK], replication)[2]
        place = uniform4(key, who, t, (2 << 16) | one[BLOCK], replication)[2]
        one[OUTCOME] = CONTAINED if luck < able else (DENIED if agents[j] == 0 else AWAY)
        one[ANNOYED] = 1 if self_service[j] > 0.0 and one[OUTCOME] != CONTAINED else 0
        first = part_of_site(agents[j], 0, sites[j]) / max(agents[j], 1)
        one[SITE] = 0 if place < first else 1
        one[LACKED], one[DEFERRED], one[TOLD], one[RESOLVED] = 0, one[WRITTEN], 0, 0


@kernel(per="market", double=True)
def order_contacts(
    contact_order, contact_spare, contact_moment, contact_arrivals, contact, contact_number, calls_listed, customer_id,
    contact_profile, centre_days, minutes_open, machine_minutes, key, replication, t,
):  # fmt: skip
    """Draw when each contact that is for agents, or call of a firm, comes to them, and list these in that order.

    Draw 0 at its block: word 0 decides the day (the whole part of it times their number, `days_of_period`), word 1 the
    minute of the day by the weights of its intervals, `interval_of`, over their number, times the length of the day,
    minutes_open centre_days / days; who is annoyed by a machine comes `machine_minutes` later, be it after closing.
    Calls of firms come up evenly over the day: word 1 times its length. At the same moment identities decide, then
    blocks. Day d begins at 4 d minutes_open.

    contact_order, contact_spare, contact_moment (book,), only of who is AWAY  [written]
    contact_arrivals (days + 1,)  place in the order of the first contact of each day, last their number  [written]
    """
    days, came, intervals = days_of_period(centre_days[0]), 0, contact_profile.shape[0]
    length = minutes_open * centre_days[0] / days
    for c in range(contact_number[0] + calls_listed[0]):
        one = contact[c]
        if one[OUTCOME] == AWAY:
            a, b, _, _ = uniform4(key, customer_id[one[CUSTOMER]], t, one[BLOCK], replication)
            minute = (b if one[MATTER] == CALL else interval_of(b, contact_profile) / intervals) * length
            minute += machine_minutes if one[ANNOYED] > 0 else 0.0
            contact_moment[c] = min(np.int64(a * days), days - 1) * DAY * minutes_open + minute
            contact_order[came] = c
            came += 1
    sort_by(contact_order, contact_spare, contact_moment, 0, came)
    for k in range(1, came):
        e = k
        while e > 0 and goes_before(e - 1, e, contact_order, contact_moment, contact, customer_id):
            contact_order[e - 1], contact_order[e] = contact_order[e], contact_order[e - 1]
            e -= 1
    begins = 0
    for day in range(days + 1):
        while begins < came and contact_moment[contact_order[begins]] < day * DAY * minutes_open:
            begins += 1
        contact_arrivals[day] = begins
