"""Kernels of a firm's club: who joins, who comes to events, and what they take home."""

from __future__ import annotations

import numpy as np

from abm.core.functions import STEPS, exp32, in_steps
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4

_A_THOUSAND = np.float32(1000.0)
_THOUSANDS = np.int64(1000)


@equation
def is_event(t, events, year):
    """Return whether a firm with `events` a year has one in period t, spread evenly and at most one a period.

    It has if floor((t + 1) events / year) > floor(t events / year), in whole numbers.
    """
    return (np.int64(t) + 1) * np.int64(events) // year > np.int64(t) * np.int64(events) // year


@equation
def spirit(budget, company, half_budget, half_company):
    """Return how good an event is, 0-1: (1 - 2^(-budget / half_budget)) * company / (company + half_company).

    budget : cu a head      company, half_company : who come
    """
    spent = 1.0 - exp32(-0.6931472 * budget / half_budget)
    return spent * company / (company + half_company) if company > 0.0 else np.float32(0.0)


@kernel
def join_club(
    club_member_at, visit_count, visit_customer, visit_nth, visit_firm, visit_pair, affective_commitment_at,
    transaction, customer_id, events, joining, join_from, praise_from, club_joined, member_visits, key, replication, t,
):  # fmt: skip
    """Let visitors who are attached to a firm with events join its club.

    Who is no member and has a commitment of `join_from` or more, as the visits of the period have left it, joins after
    a visit of `praise_from` or better with chance `joining` (draw 0, block nth, word 0). A visit of who is a
    member before it, also since an earlier one of the period, is counted.

    club_member_at (pairs,)  bool  [written]      club_joined, member_visits  tallies [written]
    """
    for v in range(visit_count[0]):
        j, pair = visit_firm[v], visit_pair[v]
        if club_member_at[pair] > 0:
            member_visits[j] += 1
        elif events[j] > 0 and affective_commitment_at[pair] >= join_from and transaction[v] >= praise_from:
            luck = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)[0]
            if luck < joining:
                club_member_at[pair] = 1
                club_joined[j] += 1


@kernel
def attend_events(
    club_member, attends, affective_commitment, satisfaction, exited, customer_id, events, attendance, leave_below,
    club_members, event_invited, event_guests, event_satisfaction, key, replication, periods_per_year, lo, hi, t,
):  # fmt: skip
    """Let members who are no longer attached resign, and others come to an event, firm by firm.

    A member resigns with a commitment below `leave_below`, when she leaves the category, or when the firm has no events
    any more. The others are counted, and invited if there is an event (`is_event`); a member comes with chance
    `attendance * commitment` (draw 1, block j, word 0).

    club_member, attends (m, n)  bool  [written]
    club_members, event_invited, event_guests  tallies, event_satisfaction  in whole 2^-20, cut off  [written]
    """
    for j in range(events.shape[0]):
        held = is_event(t, events[j], periods_per_year)
        for i in range(lo, hi):
            attends[j, i] = 0
            if club_member[j, i] > 0:
                gone = events[j] == 0 or exited[i] >= 0 or affective_commitment[j, i] < leave_below
                club_member[j, i] = 0 if gone else 1
                if not gone:
                    club_members[j] += 1
                    if held:
                        luck = uniform4(key, customer_id[i], t, (1 << 16) | j, replication)[0]
                        comes = luck < attendance * affective_commitment[j, i]
                        attends[j, i] = 1 if comes else 0
                        event_invited[j] += 1
                        event_guests[j] += 1 if comes else 0
                        event_satisfaction[j] += in_steps(satisfaction[j, i]) if comes else 0


@kernel(per="market", double=True)
def gather_guests(
    event_company, event_mood, attends, satisfaction, events, event_fixed, event_spend, periods_per_year, lo, hi, t
):
    """Find who comes to each firm's event, and how satisfied they are with it on average; book what a date costs.

    Satisfaction is added up in whole 2^-20, cut off, and divided in float64. Without an event nobody comes, and the
    mood stays as it was. A date costs `event_fixed` for each 1,000 customers of the market, rounded down to 1/100 cent.

    event_company (m,)  customers, event_mood (m,)  0-1  [written]      event_spend  tally, in 1/100 cent  [written]
    """
    for j in range(events.shape[0]):
        event_company[j] = 0
        if is_event(t, events[j], periods_per_year):
            total, company = np.int64(0), np.int64(0)
            for i in range(lo, hi):
                if attends[j, i] > 0:
                    total += in_steps(satisfaction[j, i])
                    company += 1
            event_company[j] = company
            event_mood[j] = (
                np.float32(np.float64(total) / np.float64(company) / STEPS) if company > 0 else event_mood[j]
            )
            event_spend[j] += event_fixed[j] * (np.int64(hi) - np.int64(lo)) // _THOUSANDS


@kernel
def take_home(
    affective_commitment, word_of_mouth, attends, event_company, event_mood, event_budget, exited, bond_gain, exchange,
    mood_from, half_budget, half_company, lo, hi,
):  # fmt: skip
    """Let guests grow fond of the firm, and take home what the others told.

    Commitment rises by `bond_gain * spirit * (1 - commitment)`; the stock of what was heard of the firm by `exchange *
    (event_mood - mood_from)`, which is less than nothing where guests are dissatisfied. `half_company` is given per
    1,000 customers of the market; the length of `exited` is their number.

    affective_commitment (m, n)  0-1, word_of_mouth (m, n)  logit units  [written]
    """
    thousands = np.float32(exited.shape[0]) / _A_THOUSAND
    for j in range(event_company.shape[0]):
        if event_company[j] > 0:
            company = np.float32(event_company[j])
            gain = bond_gain * spirit(event_budget[j], company, half_budget, half_company * thousands)
            told = exchange * (event_mood[j] - mood_from)
            for i in range(lo, hi):
                if attends[j, i] > 0:
                    affective_commitment[j, i] += gain * (1.0 - affective_commitment[j, i])
                    word_of_mouth[j, i] += told


@kernel(per="share")
def book_club(club_members, event_guests, club_letter_expense, guest_expense, club_letter_spend, event_spend):
    """Book what members cost in the period, and guests at an event, in 1/100 cent.

    club_letter_spend, event_spend  tallies [written]
    """
    for j in range(club_letter_expense.shape[0]):
        club_letter_spend[j] += club_members[j] * club_letter_expense[j]
        event_spend[j] += event_guests[j] * guest_expense[j]
