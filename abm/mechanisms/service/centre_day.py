"""The day in a contact centre: what each contact wants, the day itself, and what came of each contact."""

from __future__ import annotations

import numpy as np

from abm.core.distributions import draw
from abm.core.kernels import kernel
from abm.core.streams import uniform4
from abm.mechanisms.service.centre_list import DAY
from abm.mechanisms.service.centre_records import (
    BEST,
    BEST_QUESTIONS,
    BLOCK,
    CUSTOMER,
    DEFERRED,
    FIRM,
    LACKED,
    MATTER,
    MESSAGES,
    MOST_SITES,
    OUTCOME,
    POOLS_OF_SITE,
    QUESTION,
    SITE,
    TOLD,
    WRITTEN,
)
from abm.mechanisms.service.waiting_rules import SECONDS, days_of_period
from abm.queues.day import open_day, run_day
from abm.queues.rules import (
    ACCEPTED,
    ALARM,
    ANNOUNCED,
    ARRIVAL,
    AWAY,
    BEGAN,
    CALL_LUCK,
    DUE,
    ENDLESS,
    FACILITY,
    HANDLED,
    KIND,
    LEFT,
    LINE,
    LUCK,
    NEED,
    NOBODY,
    NTH,
    OVERTAKEN,
    PATIENCE,
    POOL,
    SERVED,
    STAGE,
    STATE,
    TICKET,
    TRIES,
    WAITED,
    WHO,
    WITHOUT_SKILL,
    Day,
)

_FROM_NOTHING = (STAGE, TRIES, HANDLED, OVERTAKEN, TICKET)
_NEVER = 2.0  # luck that is below no chance


@kernel(per="market", double=True)
def fill_contacts(
    contact_person, contact_times, contact_wants, contact_order, contact_arrivals, contact_moment, contact, customer_id,
    centre_days, minutes_open, handlings, patiences, accepted_wait_of_calls, key, replication, t,
):  # fmt: skip
    """Write the records with which contacts in the order begin.

    Draw 0 at its block: word 2 decides the minutes of handling at usual pace, word 3 patience. Draw 1: word 0 is luck
    in balking, word 1 in being called back. Who calls accepts a wait of `accepted_wait_of_calls`. A message has no end
    of patience, is not balked at and not called back: it accepts an ENDLESS wait, and its luck is 2 in both. It is of
    the kind of messages; others are of the kind of their matter, of that of class A if the customer is. ARRIVAL and DUE
    are minutes from the opening of the day. The facility is 2 firm + site, NTH the block; ALARM is ENDLESS, ANNOUNCED
    -1; of the other fields STAGE, TRIES, HANDLED, OVERTAKEN, TICKET and times are 0, whole numbers -1.

    handlings, patiences (3,)  how they are distributed, as `draw` takes it
    contact_person (book, WORDS), contact_times (book, TIMES), contact_wants (book, WANTS), in the order  [written]
    """
    for k in range(contact_arrivals[days_of_period(centre_days[0])]):
        c = contact_order[k]
        one, person, want = contact[c], contact_person[k], contact_wants[k]
        who, written = customer_id[one[CUSTOMER]], one[WRITTEN] > 0
        _, _, b, d = uniform4(key, who, t, one[BLOCK], replication)
        luck, call_luck, _, _ = uniform4(key, who, t, (1 << 16) | one[BLOCK], replication)
        want[ARRIVAL] = contact_moment[c] - np.floor(contact_moment[c] / (DAY * minutes_open)) * DAY * minutes_open
        want[NEED] = draw(np.int64(handlings[0]), np.float32(handlings[1]), np.float32(handlings[2]), b)
        want[PATIENCE] = draw(np.int64(patiences[0]), np.float32(patiences[1]), np.float32(patiences[2]), d)
        want[PATIENCE] = ENDLESS if written else want[PATIENCE]
        want[ACCEPTED] = ENDLESS if written else accepted_wait_of_calls
        want[LUCK], want[CALL_LUCK] = (_NEVER if written else luck), (_NEVER if written else call_luck)
        want[DUE] = want[ARRIVAL]
        person[:] = NOBODY
        for field in _FROM_NOTHING:
            person[field] = 0
        person[STATE], person[FACILITY] = AWAY, MOST_SITES * one[FIRM] + one[SITE]
        kind = one[MATTER] - QUESTION + (BEST_QUESTIONS if one[BEST] > 0 else 0)
        person[KIND] = MESSAGES if written else kind
        person[WHO], person[NTH] = np.int32(who), one[BLOCK]
        contact_times[k, :] = 0.0
        contact_times[k, ALARM], contact_times[k, ANNOUNCED] = ENDLESS, -1.0


@kernel(per="market", double=True)
def answer_contacts(
    contact_person, contact_times, contact_wants, site_rules, site_lines, site_pools, site_pace, site_joins,
    site_minutes, site_staff, agent_shift_time, agent_shift_place, agent_shift_staff, site_line_state, site_pool_state,
    site_busy, site_counts, contact_event_time, contact_event_code, contact_events, contact_arrivals, centre_days,
    agents, handling_seconds, key, replication, t,
):  # fmt: skip
    """Let the contacts of each day be answered, as `abm.queues.day` says; every day begins with empty sites.

    contact_person, contact_times (book, ...), site_line_state, site_pool_state, site_busy, site_counts,
    contact_event_time, contact_event_code, contact_events  [written]
    handling_seconds  tally [written]: whole seconds of each day and pool, rounded half up
    """
    for d in range(days_of_period(centre_days[0])):
        day = Day(
            contact_person, contact_times, contact_wants, site_rules, site_lines, site_pools, site_pace, site_joins,
            site_minutes, agent_shift_time, agent_shift_place, agent_shift_staff, site_line_state, site_pool_state,
            site_busy, site_counts, contact_event_time.reshape(contact_event_time.size),
            contact_event_code.reshape(contact_event_code.size), contact_events, contact_arrivals[d],
            contact_arrivals[d + 1], np.int64(0), ENDLESS, key, t, replication,
        )  # fmt: skip
        open_day(day, site_staff)
        run_day(day)
        for f in range(MOST_SITES * agents.shape[0]):
            for p in range(POOLS_OF_SITE):
                handling_seconds[f // MOST_SITES] += np.int64(SECONDS * site_busy[f, p] + 0.5)


@kernel(per="market", double=True)
def note_contacts(
    contact, contact_wait, overtime_minutes, contact_person, contact_times, contact_order, contact_arrivals,
    contact_number, site_pools, centre_days, minutes_open,
):  # fmt: skip
    """Write what came of each contact, and how long agents of each firm were busy after closing.

    The wait is all minutes in line, 0 of who did not come to agents. Deferred is who was written to or called back:
    whose last line was that of messages, answered or not; of who did not come to agents all stays as it was. Told is
    who heard of a wait at least as long as hers. Lacking skill was the agent who answered, if her pool lacks that for
    the contact's line. Agents stay until all are answered: minutes of handling after the length of the day,
    minutes_open centre_days / days, count as overtime, of each answered contact from then or its later beginning on.

    contact (book, FIELDS), contact_wait (book,)  minutes, overtime_minutes (m,)  minutes  [written]
    """
    days = days_of_period(centre_days[0])
    length = minutes_open * centre_days[0] / days
    overtime_minutes[:] = 0.0
    for c in range(contact_number[0]):
        contact_wait[c] = 0.0
    for k in range(contact_arrivals[days]):
        c = contact_order[k]
        person, times, one = contact_person[k], contact_times[k], contact[c]
        one[OUTCOME] = person[STATE]
        contact_wait[c] = times[WAITED]
        one[DEFERRED] = 1 if person[LINE] == MESSAGES else 0
        one[TOLD] = 1 if times[ANNOUNCED] >= 0.0 and times[WAITED] <= times[ANNOUNCED] else 0
        if person[STATE] == SERVED:
            lacks = site_pools[person[FACILITY], person[POOL], WITHOUT_SKILL] >> np.int64(person[LINE])
            one[LACKED] = lacks & 1
            overtime_minutes[one[FIRM]] += max(times[LEFT] - max(times[BEGAN], length), 0.0)
