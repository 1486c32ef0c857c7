"""Care contacts: when a firm makes contact with customers whom it knows, and what comes of it.   No neighbours.

Claim: a contact that is welcome brings trust and commitment, the less the nearer they are to the most there is; being
asked turns silent dissatisfaction into a complaint, which can be handled; a reminder at the right moment moves an
occasion forward in time and towards the firm, and makes the category no larger.
Source: HIRSCHMAN_1970 and FORNELL_WERNERFELT_1987 (voice is worth asking for); forms and sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import whole
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4
from abm.world.complaints import FAILED, SILENT
from abm.world.visits import NO_FAILURE

MADE, RECEIVED, TAKEN_UP = np.uint8(1), np.uint8(2), np.uint8(3)  # what became of a reminder; 0 = there was none
_BY_PHONE = np.uint8(1)


@equation
def falls_due(silence, gap, timing):
    """Return whether this is the first period in which silence has reached `timing` times her rhythm, if it is known.

    silence : periods since the latest visit that the firm knows of, 1 or more      gap : periods, 0 = not known
    """
    return gap > 0.0 and silence >= timing * gap and silence - 1.0 < timing * gap


@equation
def festivals_now(t, in_a_year, year):
    """Return how many of a year's festivals fall into period t: they end equal parts of the year.  Whole numbers."""
    place = t % year
    return (place + 1) * in_a_year // year - place * in_a_year // year


@equation
def has_birthday(t, birth_date, year):
    """Return whether period t is that of a birthday at `birth_date`, a part of the year from 0 to 1."""
    return t % year == min(np.int64(birth_date * np.float32(year)), year - 1)


@equation
def warmed(level, gain, gladness, contacts):
    """Return a level of trust after welcome contacts: it moves by gain, welcome and number of its way to 1."""
    return level + min(np.float32(1.0), gain * max(gladness, np.float32(0.0)) * contacts) * (1.0 - level)


@kernel
def plan_contacts(
    approaches, care_contacts, reminded, calls_made, known, reachable, seen_last, seen_gap, exited, customer_class,
    customer_id, birth_date, regular_contact_of_class, birthday_of_class, festivals_of_class, reminder_of_class,
    reminder_timing, take_up, staff_expense, care_contacts_made, care_staff, reminders, reminders_rightly,
    care_known, care_seen, periods_per_year, key, replication, lo, hi, t,
):  # fmt: skip
    """Plan the contacts of the period with each known customer: firm by firm, with the levers of her class there.

    With u = the uniforms of draw 0, block j, the contacts are: the whole part of `regular_contact`, and one more if
    u[0] is below the rest of it; one on her birthday, if `birthday` is above 0; one at each of `festivals`; one
    reminder, if `reminder` is above 0, silence `t - seen_last` (since the latest visit before this period) `falls_due`
    with `reminder_timing`, and u[1] is below `reminder`; and the calls made after her visits of the period before,
    which are then 0. All are added to `approaches`, and each costs `staff_expense`, whether she is reachable or not.
    Who is not known gets none.

    A reminder is made (1); received (2) by who is reachable; taken up (3) if u[2] is below `take_up` besides. It goes
    to the right customer if she is reachable and has not left the category. Counted are also known customers, and of
    these who has been seen in the last `periods_per_year` periods.

    approaches (m, tile)  contacts, care_contacts (m, tile)  contacts, reminded (m, tile)  code, 0 = none  [written]
    calls_made (m, n)  calls  [written]
    care_contacts_made, care_staff, reminders, reminders_rightly, care_known, care_seen  tallies [written]
    """
    for j in range(known.shape[0]):
        made, sent, rightly, there, seen = np.int64(0), 0, 0, 0, 0
        for i in range(lo, hi):
            r, k, planned, code = i - lo, customer_class[j, i], np.int64(0), np.uint8(0)
            if known[j, i] > 0:
                often, silence = regular_contact_of_class[k, j], np.float32(t - seen_last[j, i])
                planned = np.int64(often)
                rest = often - np.float32(planned)
                reminder = reminder_of_class[k, j]
                due = reminder > 0.0 and falls_due(silence, seen_gap[j, i], reminder_timing[j])
                if due or rest > 0.0:
                    first, second, third, _ = uniform4(key, customer_id[i], t, j, replication)
                    planned += 1 if first < rest else 0
                    if due and second < reminder:
                        planned += 1
                        sent += 1
                        rightly += 1 if reachable[j, i] > 0 and exited[i] < 0 else 0
                        code = MADE if reachable[j, i] == 0 else (TAKEN_UP if third < take_up else RECEIVED)
                if birthday_of_class[k, j] > 0.0 and has_birthday(t, birth_date[i], periods_per_year):
                    planned += 1
                planned += festivals_now(t, np.int64(festivals_of_class[k, j]), periods_per_year)
                planned += np.int64(calls_made[j, i])
                there += 1
                seen += 1 if silence <= np.float32(periods_per_year) else 0
            calls_made[j, i] = 0
            reminded[j, r] = code
            care_contacts[j, r] = np.float32(planned)
            approaches[j, r] += np.float32(planned)
            made += planned
        care_contacts_made[j] += made
        care_staff[j] += made * staff_expense[j]
        reminders[j] += sent
        reminders_rightly[j] += rightly
        care_known[j] += there
        care_seen[j] += seen


@kernel
def receive_care(
    trust, affective_commitment, personal_bond, care_contacts, contact_welcome, reachable, customer_class,
    dedicated_of_class, gain, attended_rate, lo, hi,
):  # fmt: skip
    """Let customers who are reachable receive the period's contacts of care, as `warmed` says.

    Trust and affective commitment move with `gain`; with a person of her own, her personal relationship with
    `attended_rate`. `contact_welcome` is of the load before this period; below 0 nothing is gained.

    trust, affective_commitment, personal_bond (m, n)  0-1  [written]
    """
    for j in range(trust.shape[0]):
        for i in range(lo, hi):
            contacts = care_contacts[j, i - lo]
            if contacts > 0.0 and reachable[j, i] > 0:
                gladly = contact_welcome[j, i - lo]
                trust[j, i] = warmed(trust[j, i], gain, gladly, contacts)
                affective_commitment[j, i] = warmed(affective_commitment[j, i], gain, gladly, contacts)
                if dedicated_of_class[customer_class[j, i], j] > 0.0:
                    personal_bond[j, i] = warmed(personal_bond[j, i], attended_rate, gladly, contacts)


@kernel
def hasten_reminded(need, reminded_ahead, reminded, haste, repayment, lo, hi):
    """Let a reminder that is taken up hasten need, and what it brought forward be missing.

    Need is multiplied by `1 + shift`: `haste`, if a reminder of any firm was taken up, less `repayment *
    reminded_ahead`, which then grows by the shift. Over time what comes earlier is missing later.

    need (tile,)  ratio, reminded_ahead (n,)  periods of usual need  [written]
    """
    for i in range(lo, hi):
        shift = -repayment * reminded_ahead[i]
        for j in range(reminded.shape[0]):
            if reminded[j, i - lo] == TAKEN_UP:
                shift = haste - repayment * reminded_ahead[i]
        reminded_ahead[i] += shift
        need[i - lo] *= 1.0 + shift


@kernel
def add_reminder(utility, reminded, reminder_weight, lo, hi):
    """Add a reminder that is taken up to the firm's utility, in this period alone.  utility (m, tile)  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += reminder_weight if reminded[j, i - lo] == TAKEN_UP else np.float32(0.0)


@kernel
def count_timely(reminded, visit_count, visit_customer, visit_nth, reminders_timely, lo):
    """Count reminders made to customers who have an occasion in the period (their first, nth 0).  Tally [written]"""
    for v in range(visit_count[0]):
        if visit_nth[v] == 0:
            for j in range(reminded.shape[0]):
                reminders_timely[j] += 1 if reminded[j, visit_customer[v] - lo] > 0 else 0


@kernel
def count_returned(reminded, visit_count, visit_customer, visit_firm, reminders_followed, lo):
    """Count reminders made to customers who choose the firm in the period, each once; it is then 0.

    reminded (m, tile)  [written]      reminders_followed  tally [written]
    """
    for v in range(visit_count[0]):
        j, r = visit_firm[v], visit_customer[v] - lo
        if j >= 0 and reminded[j, r] > 0:
            reminders_followed[j] += 1
            reminded[j, r] = 0


@kernel
def ask_visitors(
    complaint_channel, handling, calls_made_at, grievance, visit_count, visit_customer, visit_firm, visit_nth,
    visit_pair, usual_channel, known_at, reachable_at, customer_class_at, customer_id, invitation_of_class,
    follow_up_of_class, invited_tell, called_tell, invitation_expense, counter_handling, phone_handling,
    online_handling, complaints, complaints_by_channel, hearing, follow_ups, told_when_asked, invitation_spend, key,
    replication, t,
):  # fmt: skip
    """Ask visitors what was not right: turn silence into complaints, which are handled like others.

    For each visit, after it is drawn who complains, with the levers of her class at the firm and u = the uniforms of
    draw 1, block nth: she is invited to speak if u[0] is below `invitation`, which costs `invitation_expense` (1/100
    cent). If the firm knows her from before this period and u[2] is below `follow_up`, a call is made, which counts as
    a contact of the period after. Who has a grievance and was silent complains through her usual channel if she was
    invited and u[1] is below `invited_tell`; else by telephone if she was called, is reachable, and u[3] is below
    `called_tell`. Her complaint has failed until something is done about it, and hearing it costs what the channel
    costs. Of both, the usual channel counts.

    complaint_channel, handling (visits,)  code, calls_made_at (pairs,)  calls  [written]
    complaints (cause, firms), complaints_by_channel (channel, firms), hearing, follow_ups, told_when_asked,
    invitation_spend  tallies [written]
    """
    for v in range(visit_count[0]):
        i, j, pair = visit_customer[v], visit_firm[v], visit_pair[v]
        k = customer_class_at[pair]
        if invitation_of_class[k, j] > 0.0 or follow_up_of_class[k, j] > 0.0:
            block = (1 << 16) + np.int64(visit_nth[v])
            first, second, third, fourth = uniform4(key, customer_id[i], t, block, replication)
            invited = first < invitation_of_class[k, j]
            called = known_at[pair] > 0 and third < follow_up_of_class[k, j]
            invitation_spend[j] += invitation_expense[j] if invited else 0
            follow_ups[j] += 1 if called else 0
            calls_made_at[pair] += 1 if called else 0
            channel = SILENT
            if called and reachable_at[pair] > 0 and fourth < called_tell:
                channel = _BY_PHONE
            if invited and second < invited_tell:
                channel = usual_channel[i]
            if grievance[v] != NO_FAILURE and complaint_channel[v] == SILENT and channel != SILENT:
                complaint_channel[v] = channel
                handling[v] = FAILED
                told_when_asked[j] += 1
                complaints[grievance[v], j] += 1
                complaints_by_channel[channel, j] += 1
                costs = counter_handling[j] if channel == 0 else phone_handling[j]
                hearing[j] += online_handling[j] if channel == 2 else costs


@kernel
def attend_visitors(
    personal_bond_at, visit_count, visit_firm, visit_pair, known_at, customer_class_at, dedicated_of_class,
    attended_rate,
):  # fmt: skip
    """Let the personal relationship of known visitors who have a person of their own grow by `attended_rate` of its way
    to 1, visit by visit.

    personal_bond_at (pairs,)  0-1  [written]
    """
    for v in range(visit_count[0]):
        pair = visit_pair[v]
        if known_at[pair] > 0 and dedicated_of_class[customer_class_at[pair], visit_firm[v]] > 0.0:
            personal_bond_at[pair] += attended_rate * (1.0 - personal_bond_at[pair])


@kernel(double=True)
def save_by_tenure(
    visit_saved, visit_count, visit_firm, visit_pair, encounters_at, service_cost, tenure_saving, tenure_visits,
    service_saved,
):  # fmt: skip
    """Work out and book what serving somebody costs less who has come often.

    Saved is `tenure_saving * encounters / (encounters + tenure_visits)` of `service_cost`, of the encounters after all
    visits of the period, in whole cents rounded half up.

    visit_saved (visits,)  cents  [written]      service_saved  tally, below 0 [written]
    """
    for v in range(visit_count[0]):
        j, met = visit_firm[v], np.float64(encounters_at[visit_pair[v]])
        part = np.float64(tenure_saving) * met / (met + np.float64(tenure_visits))
        visit_saved[v] = whole(np.floor(np.float64(service_cost[j]) * part + 0.5))
        service_saved[j] -= visit_saved[v]


@kernel
def take_off_saving(visit_cost, visit_saved, visit_count):
    """Take off each visit what familiarity has saved on it.  visit_cost (visits,)  cents  [written]"""
    for v in range(visit_count[0]):
        visit_cost[v] -= visit_saved[v]


@kernel(per="share")
def book_dedicated(dedicated_spend, known, customer_class, dedicated_of_class, dedicated_expense, lo, hi):
    """Book what a person of her own costs for each known customer, of those known and classed as the period ends.

    dedicated_spend  tally [written]
    """
    for j in range(known.shape[0]):
        found = 0
        for i in range(lo, hi):
            found += 1 if known[j, i] > 0 and dedicated_of_class[customer_class[j, i], j] > 0.0 else 0
        dedicated_spend[j] += found * dedicated_expense[j]


@kernel
def draw_birth_dates(birth_date, customer_id, key, replication):
    """Draw each customer's birthday, a part of the year (period 0, draw 2, block 0, word 0).

    birth_date (n,)  0-1  [written]
    """
    for i in range(customer_id.shape[0]):
        birth_date[i] = uniform4(key, customer_id[i], 0, 2 << 16, replication)[0]
