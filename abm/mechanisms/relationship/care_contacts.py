"""Care contacts: when a firm makes contact with customers whom it knows, and what comes of it.   No neighbours.

Claim: a contact that is welcome brings trust and commitment, the less the nearer they are to the most there is; a
reminder at the right moment moves an occasion forward in time and towards the firm, and makes the category no larger.
Source: GODFREY_SEIDERS_VOSS_2011 (contacts beyond what is welcome bring nothing); forms and sizes are assumed.
"""

from __future__ import annotations

import numpy as np

from abm.core.functions import any_set
from abm.core.kernels import equation, kernel
from abm.core.streams import uniform4

MADE, RECEIVED, TAKEN_UP = np.uint8(1), np.uint8(2), np.uint8(3)  # what became of a reminder; 0 = there was none


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
def festivals_by_class(t, festivals_of_class, j, year):
    """Return how many festivals firm j keeps in period t with customers of no class, A, B, C and D."""
    return (
        festivals_now(t, np.int64(festivals_of_class[0, j]), year),
        festivals_now(t, np.int64(festivals_of_class[1, j]), year),
        festivals_now(t, np.int64(festivals_of_class[2, j]), year),
        festivals_now(t, np.int64(festivals_of_class[3, j]), year),
        festivals_now(t, np.int64(festivals_of_class[4, j]), year),
    )


@equation
def has_birthday(t, birth_date, year):
    """Return whether period t is that of a birthday at `birth_date`, a part of the year from 0 to 1.

    It is the period of the year whose place is the whole part of `birth_date * year`, at most the last one.
    """
    return t % year == min(np.int64(birth_date * np.float32(year)), year - 1)


@equation
def warmed(level, gain, gladness, contacts):
    """Return a level of trust after welcome contacts: it moves by gain, welcome and number of its way to 1."""
    return level + min(np.float32(1.0), gain * max(gladness, np.float32(0.0)) * contacts) * (1.0 - level)


@kernel
def plan_contacts(
    care_contacts, care_greetings, calls_made, known, seen_last, customer_class, customer_id, birth_date, makes_contact,
    regular_contact_of_class, birthday_of_class, festivals_of_class, staff_expense, care_contacts_made, care_staff,
    care_known, care_seen, periods_per_year, key, replication, lo, hi, t,
):  # fmt: skip
    """Plan the contacts of the period with each known customer: firm by firm, with the levers of her class there.

    They are: the whole part of `regular_contact`, and one more if a uniform (draw 0, block j, word 0) is below the rest
    of it; one on her birthday, if `birthday` is above 0; one at each of `festivals`; and the calls made after her
    visits of the period before, which are then 0, also where they are not made. Each contact costs `staff_expense`,
    whether she is reachable or not. Who is not known gets none, and a firm without `makes_contact` makes none. All but
    the calls are greetings.

    Counted are also the known customers of firms that make contacts, and of these who has been seen in the last
    `periods_per_year` periods (`t - seen_last`, of visits before this period).

    care_contacts, care_greetings (m, tile)  contacts, calls_made (m, n)  calls  [written]
    care_contacts_made, care_staff, care_known, care_seen  tallies [written]
    """
    for j in range(known.shape[0]):
        made, there, seen = np.int64(0), 0, 0
        festivals = festivals_by_class(t, festivals_of_class, j, periods_per_year)
        for i in range(lo, hi):
            care_contacts[j, i - lo] = 0.0
            care_greetings[j, i - lo] = 0.0
        for i in range(lo, hi if makes_contact[j] > 0 else lo):
            if known[j, i] > 0:
                k = customer_class[j, i]
                planned = np.int64(regular_contact_of_class[k, j])
                rest = regular_contact_of_class[k, j] - np.float32(planned)
                if rest > 0.0 and uniform4(key, customer_id[i], t, j, replication)[0] < rest:
                    planned += 1
                if birthday_of_class[k, j] > 0.0 and has_birthday(t, birth_date[i], periods_per_year):
                    planned += 1
                planned += festivals[k]
                care_greetings[j, i - lo] = np.float32(planned)
                planned += np.int64(calls_made[j, i])
                care_contacts[j, i - lo] = np.float32(planned)
                made += planned
                there += 1
                seen += 1 if t - seen_last[j, i] <= periods_per_year else 0
        for i in range(lo, hi):
            calls_made[j, i] = 0
        care_contacts_made[j] += made
        care_staff[j] += made * staff_expense[j]
        care_known[j] += there
        care_seen[j] += seen


@kernel
def send_reminders(
    care_contacts, reminded, known, reachable, seen_last, seen_gap, exited, customer_class, customer_id,
    reminder_of_class, reminder_timing, take_up, staff_expense, care_contacts_made, care_staff, reminders,
    reminders_rightly, key, replication, lo, hi, t,
):  # fmt: skip
    """Send reminders to known customers who fall due, as further contacts of the period.

    Where `reminder` of her class at the firm is above 0 and silence `t - seen_last` (since the latest visit before this
    period) `falls_due` with `reminder_timing`, a reminder is made (1) if u[0] is below `reminder`, u = the uniforms of
    draw 3, block j. It is received (2) by who is reachable; taken up (3) if u[1] is below `take_up` besides. It is one
    more of `care_contacts`, and costs `staff_expense`. It goes to the right customer if she is reachable and has not
    left the category.

    care_contacts (m, tile)  contacts, reminded (m, tile)  code, 0 = none  [written]
    care_contacts_made, care_staff, reminders, reminders_rightly  tallies [written]
    """
    for j in range(known.shape[0]):
        sent, rightly = 0, 0
        for i in range(lo, hi):
            reminded[j, i - lo] = 0
        for i in range(lo, hi if any_set(reminder_of_class[:, j]) else lo):
            chance, silence = reminder_of_class[customer_class[j, i], j], np.float32(t - seen_last[j, i])
            if known[j, i] > 0 and chance > 0.0 and falls_due(silence, seen_gap[j, i], reminder_timing[j]):
                first, second, _, _ = uniform4(key, customer_id[i], t, (3 << 16) | j, replication)
                if first < chance:
                    there = reachable[j, i] > 0
                    reminded[j, i - lo] = (TAKEN_UP if second < take_up else RECEIVED) if there else MADE
                    care_contacts[j, i - lo] += 1.0
                    sent += 1
                    rightly += 1 if there and exited[i] < 0 else 0
        care_contacts_made[j] += sent
        care_staff[j] += sent * staff_expense[j]
        reminders[j] += sent
        reminders_rightly[j] += rightly


@kernel
def add_care(approaches, care_contacts, lo, hi):
    """Add the contacts of care, reminders included, to those of the period.  approaches (m, tile)  contacts  [written]

    A step of its own: what adds to a sum is done once more for each part of it that somebody asks for.
    """
    for j in range(approaches.shape[0]):
        for i in range(lo, hi):
            approaches[j, i - lo] += care_contacts[j, i - lo]


@kernel
def receive_care(
    trust, affective_commitment, personal_bond, care_contacts, contact_welcome, reachable, customer_class,
    makes_contact, dedicated_of_class, gain, attended_rate, lo, hi,
):  # fmt: skip
    """Let customers who are reachable receive the period's contacts of care (all of them, reminders too) at once.

    Trust and affective commitment move by `min(1, gain * welcome * contacts)` of their way to 1; with a person of her
    own, her personal relationship likewise, with `attended_rate`. Welcome is `contact_welcome`, of the load before this
    period; below 0 it counts as 0.

    trust, affective_commitment, personal_bond (m, n)  0-1  [written]
    """
    for j in range(trust.shape[0]):
        for i in range(lo, hi if makes_contact[j] > 0 else lo):
            contacts = care_contacts[j, i - lo]
            if contacts > 0.0 and reachable[j, i] > 0:
                gladly = contact_welcome[j, i - lo]
                trust[j, i] = warmed(trust[j, i], gain, gladly, contacts)
                affective_commitment[j, i] = warmed(affective_commitment[j, i], gain, gladly, contacts)
                if dedicated_of_class[customer_class[j, i], j] > 0.0:
                    personal_bond[j, i] = warmed(personal_bond[j, i], attended_rate, gladly, contacts)


@kernel
def shift_reminded(reminder_shift, reminded_ahead, reminded, haste, repayment, lo, hi):
    """Work out how far reminders move need, and keep what they have brought forward.

    The shift is `haste` (once, however many firms' reminders she takes up; 0 if none) less `repayment *
    reminded_ahead`, of what was ahead before. `reminded_ahead` grows by it: over time what comes earlier is missing
    later.

    reminder_shift (tile,)  share, reminded_ahead (n,)  periods of usual need  [written]
    """
    for i in range(lo, hi):
        shift = -repayment * reminded_ahead[i]
        for j in range(reminded.shape[0]):
            if reminded[j, i - lo] == TAKEN_UP:
                shift = haste - repayment * reminded_ahead[i]
        reminded_ahead[i] += shift
        reminder_shift[i - lo] = shift


@kernel
def hasten_reminded(need, reminder_shift, lo, hi):
    """Multiply need by `1 + reminder_shift`.  need (tile,)  ratio  [written]"""
    for i in range(lo, hi):
        need[i - lo] *= 1.0 + reminder_shift[i - lo]


@kernel
def add_reminder(utility, reminded, reminder_weight, lo, hi):
    """Add `reminder_weight` to the utility of each firm whose reminder is taken up, in this period alone.

    utility (m, tile)  logit units  [written]
    """
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
def draw_birth_dates(birth_date, customer_id, key, replication):
    """Draw each customer's birthday, a part of the year (period 0, draw 2, block 0, word 0).

    birth_date (n,)  0-1  [written]
    """
    for i in range(customer_id.shape[0]):
        birth_date[i] = uniform4(key, customer_id[i], 0, 2 << 16, replication)[0]
