"""Calls that a firm makes (outbound): which come up on which day, what they take of agents, and whom they reach.

Claim: a call takes an agent's time whether it is answered or not; who is free calls, and a call that has begun is not
broken off, so that calls lengthen the wait of customers as far as agents are busy with them, and no further.
Source: priority without interruption, Cobham 1954 (from memory; `abm/queues/priority.py`); sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.mechanisms.service.centre_list import begin_contact
from abm.mechanisms.service.centre_records import (
    ANSWERS,
    BLOCK,
    CALL,
    CALLS,
    CUSTOMER,
    FIRM,
    LISTED,
    MATTER,
    NOT_LISTED,
    OUTCOME,
    OUTGOING,
    REACHED,
    SITE,
)
from abm.mechanisms.service.centre_rules import part_of_site
from abm.mechanisms.service.waiting_rules import SECONDS, days_of_period
from abm.queues.rules import (
    ACCEPTED,
    ARRIVAL,
    BEGAN,
    CALL_LUCK,
    ENDLESS,
    KIND,
    LEFT,
    LUCK,
    NEED,
    NOBODY,
    PATIENCE,
    SERVED,
)
from abm.world.columns import MOST_OCCASIONS

_NEVER = 2.0  # luck that is below no chance


@equation(double=True)
def first_site_part(j, agents, outbound_agents, blended, sites):
    """Return which part of the agents of firm j who call are at its first site."""
    beside = np.int64(agents[j]) if blended[j] > 0 else np.int64(0)
    there = part_of_site(beside, 0, sites[j]) + part_of_site(outbound_agents[j], 0, sites[j])
    return there / max(beside + np.int64(outbound_agents[j]), 1)


@kernel(per="market", double=True)
def list_calls(
    contact, calls_listed, own_contacts, outbound_state, contact_number, customer_id, reachable, agents,
    outbound_agents, blended, sites, calls_out, answers_calls, key, replication, t,
):  # fmt: skip
    """List the calls that firms want to make, behind the contacts of customers: firm by firm and row by row.

    A call is LISTED in `outbound_state`, of a firm that has somebody who calls (`calls_out`). Word 3 of draw 0 at its
    block, 48 + firm, decides whether she answers: below `answers_calls`, if the firm's data reach her; word 2 of draw 2
    the site: the second if it is not below `first_site_part`. With 15 contacts of her own on the list she is not called
    in this period. Who was REACHED in the period before and has not been spoken to since is so no longer.

    contact (book, FIELDS), calls_listed (1,), own_contacts (n,)  contacts, outbound_state (m, n)  code  [written]
    """
    count = 0
    for j in range(outbound_state.shape[0]):
        first = first_site_part(j, agents, outbound_agents, blended, sites)
        for i in range(customer_id.shape[0]):
            if outbound_state[j, i] == REACHED:
                outbound_state[j, i] = NOT_LISTED
            if outbound_state[j, i] == LISTED and calls_out[j] > 0 and own_contacts[i] < MOST_OCCASIONS:
                one = contact[contact_number[0] + count]
                begin_contact(one, i, j, CALLS + j, CALL, 1, np.int64(NOBODY), 0)
                luck = uniform4(key, customer_id[i], t, one[BLOCK], replication)[3]
                place = uniform4(key, customer_id[i], t, (2 << 16) | one[BLOCK], replication)[2]
                one[ANSWERS] = 1 if luck < answers_calls and reachable[j, i] > 0 else 0
                one[SITE] = 0 if place < first else 1
                own_contacts[i] += 1
                count += 1
    calls_listed[0] = count


@kernel(per="market", double=True)
def fill_calls(
    contact_person, contact_wants, contact, contact_order, contact_arrivals, centre_days, minutes_open,
    handling_minutes, call_minutes, ring_minutes,
):  # fmt: skip
    """Write what is different of calls that firms make, after the records of all contacts are filled.

    They are of the kind OUTGOING, are not balked at and not called back, and are left undone when the day has ended:
    patience is the rest of its length. A call that is answered takes the NEED that a contact would, times call_minutes
    / handling_minutes, another `ring_minutes`.

    contact_person (book, WORDS), contact_wants (book, WANTS), in the order  [written]
    """
    days = days_of_period(centre_days[0])
    length = minutes_open * centre_days[0] / days
    for k in range(contact_arrivals[days]):
        one, want = contact[contact_order[k]], contact_wants[k]
        if one[MATTER] == CALL:
            contact_person[k, KIND] = OUTGOING
            talk = want[NEED] * call_minutes / handling_minutes
            want[NEED] = talk if one[ANSWERS] > 0 else np.float64(ring_minutes)
            want[PATIENCE], want[ACCEPTED] = max(length - want[ARRIVAL], 0.0), ENDLESS
            want[LUCK], want[CALL_LUCK] = _NEVER, _NEVER


@kernel(per="market", double=True)
def note_calls(
    outbound_state, outbound_periods, contact, contact_order, contact_arrivals, contact_times, centre_days, listed_for,
    outbound_calls, outbound_reached, outbound_dropped, outbound_waiting, outbound_seconds,
):  # fmt: skip
    """Write whom calls have reached, and take calls off the list that have been on it for `listed_for` periods.

    A call that an agent has begun is made, and takes from BEGAN to LEFT, in whole seconds of each call, rounded half
    up. Who answered is REACHED. Of the others on the list, called or not, one more of `outbound_periods` is counted,
    and from `listed_for` on they are dropped; the others wait.

    outbound_state (m, n)  code, outbound_periods (m, n)  periods  [written]
    outbound_calls, outbound_reached, outbound_dropped, outbound_waiting, outbound_seconds  tallies [written]
    """
    for k in range(contact_arrivals[days_of_period(centre_days[0])]):
        one = contact[contact_order[k]]
        if one[MATTER] == CALL and one[OUTCOME] == SERVED:
            j = one[FIRM]
            outbound_calls[j] += 1
            outbound_seconds[j] += np.int64(SECONDS * (contact_times[k, LEFT] - contact_times[k, BEGAN]) + 0.5)
            outbound_reached[j] += one[ANSWERS]
            if one[ANSWERS] > 0:
                outbound_state[j, one[CUSTOMER]] = REACHED
    for j in range(outbound_state.shape[0]):
        for i in range(outbound_state.shape[1]):
            if outbound_state[j, i] == LISTED:
                outbound_periods[j, i] += 1
                over = outbound_periods[j, i] >= listed_for
                outbound_state[j, i] = NOT_LISTED if over else LISTED
                outbound_dropped[j] += 1 if over else 0
                outbound_waiting[j] += 0 if over else 1


@kernel(per="market")
def book_calls(centre_fees, answer_fee, outbound_reached):
    """Book what a provider asks for customers whom its agents reached.  centre_fees  tally [written]"""
    for j in range(answer_fee.shape[0]):
        centre_fees[j] += outbound_reached[j] * answer_fee[j]
