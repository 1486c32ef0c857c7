"""The day behind the counter: who comes when, the day itself, and what came of each visit.

The visits of a period are spread over representative days of a branch that has `branch_visits` a week if its firm has
its equal share of the market's occasions. With half as many customers there are half as many days, and a day is made a
little longer or shorter to bring their number to a whole one, so that waits do not hang on how many are simulated.
"""

from __future__ import annotations

import numpy as np

from abm.core.distributions import draw
from abm.core.functions import exp32, log32, normal32
from abm.core.kernels import equation, kernel
from abm.core.order import sort_by
from abm.core.streams import uniform4
from abm.mechanisms.service.waiting_rules import (
    ENOUGH,
    EXPRESS,
    PRIORITY,
    SECONDS,
    SPECIAL,
    days_of_period,
    interval_of,
)
from abm.queues.day import open_day, run_day
from abm.queues.rules import (
    ACCEPTED,
    ALARM,
    ANNOUNCED,
    ARRIVAL,
    AWAY,
    CALL_LUCK,
    DUE,
    ENDLESS,
    FACILITY,
    HANDLED,
    KIND,
    LUCK,
    NEED,
    NOBODY,
    NTH,
    OVERTAKEN,
    PATIENCE,
    POOLS,
    SECOND,
    SERVED,
    STAGE,
    STATE,
    TICKET,
    TRIES,
    WAITED,
    WHO,
    Day,
)

_FROM_NOTHING = (STAGE, TRIES, HANDLED, OVERTAKEN, TICKET)
MOST_OVERTAKEN = 255  # that the column can hold


@equation(double=True)
def second_choice(u, preference, i, first):
    """Return the firm that a customer tries if the first cannot serve her, by her preference among the others.

    -1 = none of them is worth anything to her.
    """
    m, total, found = preference.shape[0], 0.0, NOBODY
    for j in range(m):
        total += preference[j, i] if j != first else 0.0
    left = u * total
    for j in range(m):
        if j != first and preference[j, i] > 0.0 and (found == NOBODY or left >= 0.0):
            found = j
            left -= preference[j, i]
    return found


@equation(double=True)
def stands_before(a, b, order, moment, visit_customer, visit_nth, customer_id):
    """Return whether of two who came at the same moment the one at b goes before the one at a."""
    v, w = order[a], order[b]
    if moment[v] != moment[w]:
        return False
    mine, hers = customer_id[visit_customer[w]], customer_id[visit_customer[v]]
    return mine < hers or (mine == hers and visit_nth[w] < visit_nth[v])


@equation(double=True)
def day_of(u, days, weekdays):
    """Return on which day a uniform falls, when days have the weights of weekdays, which repeat; the last if none of
    them has weight."""
    total, week = 0.0, weekdays.shape[0]
    for d in range(days):
        total += weekdays[d % week]
    left, day = u * total, np.int64(0)
    while day < days - 1 and left >= weekdays[day % week]:
        left -= weekdays[day % week]
        day += 1
    return day


@kernel(per="market", double=True)
def order_arrivals(
    moment, order, spare, arrivals, book_start, book_visit, visit_customer, visit_nth, customer_id, servers,
    appointments, day_profile, day_weights, branch_days, minutes_open, lateness, key, replication, t,
):  # fmt: skip
    """Draw when each visitor of a firm with servers comes, and put them in order.

    Draw 0, block nth: word 0 decides the day, by the weights of weekdays, which repeat; word 1 the minute, by the
    profile. Draw 1, block nth: word 2 below `appointments` means that this is the time of an appointment, and she comes
    `lateness` z later, z of word 3, but within opening hours. Of those who come at the same moment the lower identity
    comes first, then the earlier occasion. A day lasts `minutes_open` branch_days / days minutes.

    moment (book,)  minutes, day d begins at 2 d minutes_open, order, spare (book,)  [written]
    arrivals (days + 1,)  place in the order of the first visitor of each day  [written]
    """
    days, came = days_of_period(branch_days[0]), 0
    length = minutes_open * branch_days[0] / days
    for j in range(servers.shape[0]):
        for k in range(book_start[j], book_start[j + 1] if servers[j] > 0 else book_start[j]):
            v = book_visit[k]
            who = customer_id[visit_customer[v]]
            a, b, _, _ = uniform4(key, who, t, visit_nth[v], replication)
            _, _, c, d = uniform4(key, who, t, (1 << 16) + visit_nth[v], replication)
            minute = interval_of(b, day_profile) / day_profile.shape[0] * length
            if c < appointments[j]:
                minute = min(max(minute + lateness * normal32(d), 0.0), length)
            moment[v] = day_of(a, days, day_weights) * 2.0 * minutes_open + minute
            order[came] = v
            came += 1
    sort_by(order, spare, moment, 0, came)
    for k in range(1, came):  # identity decides between equal moments, as rows may lie in any order
        e = k
        while e > 0 and stands_before(e - 1, e, order, moment, visit_customer, visit_nth, customer_id):
            order[e - 1], order[e] = order[e], order[e - 1]
            e -= 1
    begins = 0
    for day in range(days + 1):
        while begins < came and moment[order[begins]] < day * 2.0 * minutes_open:
            begins += 1
        arrivals[day] = begins


@kernel(per="market", double=True)
def fill_wants(
    day_wants, accepted_wait, order, moment, arrivals, visit_customer, visit_nth, visit_firm, time_pressure,
    service_time, customer_id, basket, appointments, day_profile, branch_days, usual_basket, minutes_open, services,
    patiences, accepted_minutes, value_exponent, key, replication, t,
):  # fmt: skip
    """Draw what each visitor in the order wants.

    Draw 0, block nth: word 2 decides the minutes of service, which are multiplied by `service_time`, word 3 her
    patience, which is divided by `time_pressure`.
    Draw 1: word 0 is her luck in balking; word 2 below `appointments` means that she has an appointment, due at the
    minute of word 1 of draw 0; of others that is when they come. Both count from the opening of her day.
    She accepts a wait of `accepted_minutes (basket / usual basket)^value_exponent / time_pressure`.

    services, patiences (3,)  how they are distributed, as `draw` takes it
    day_wants (book, WANTS), in the order, accepted_wait (book,)  minutes  [written]
    """
    days = days_of_period(branch_days[0])
    length = minutes_open * branch_days[0] / days
    for k in range(arrivals[days]):
        v = order[k]
        i, j = visit_customer[v], visit_firm[v]
        _, b, c, d = uniform4(key, customer_id[i], t, visit_nth[v], replication)
        luck, _, e, _ = uniform4(key, customer_id[i], t, (1 << 16) + visit_nth[v], replication)
        worth = exp32(np.float32(value_exponent) * log32(np.float32(max(basket[i] / usual_basket[0], 1e-6))))
        accepted_wait[v] = accepted_minutes * worth / time_pressure[v]
        want = day_wants[k]
        due = interval_of(b, day_profile) / day_profile.shape[0] * length
        want[ARRIVAL] = moment[v] - np.floor(moment[v] / (2.0 * minutes_open)) * 2.0 * minutes_open
        want[NEED] = draw(np.int64(services[0]), np.float32(services[1]), np.float32(services[2]), c)
        want[NEED] *= service_time[v]
        want[PATIENCE] = draw(np.int64(patiences[0]), np.float32(patiences[1]), np.float32(patiences[2]), d)
        want[PATIENCE] /= time_pressure[v]
        want[ACCEPTED], want[LUCK], want[CALL_LUCK] = accepted_wait[v], luck, luck
        want[DUE] = due if e < appointments[j] else want[ARRIVAL]


@kernel(per="market", double=True)
def fill_records(
    day_person, day_times, order, arrivals, day_wants, visit_customer, visit_nth, visit_firm, comes_first, customer_id,
    preference, discipline, express_limit, branch_days, elsewhere, key, replication, t,
):  # fmt: skip
    """Write the records with which the visitors in the order begin.

    Of the kind with a line of its own is with priority who `comes_first`, with express lines whose service takes at
    most `express_limit` minutes; by the rules of the firm that she has chosen, also if she goes to another. Draw 1,
    block nth, word 1 decides which firm she tries if she is not served here, and none with `elsewhere` of 0.

    day_person (book, WORDS), day_times (book, TIMES)  [written]
    """
    for k in range(arrivals[days_of_period(branch_days[0])]):
        v, person = order[k], day_person[k]
        i, j = visit_customer[v], np.int64(visit_firm[v])
        special = discipline[j] == PRIORITY and comes_first[v] > 0
        special = special or (discipline[j] == EXPRESS and day_wants[k, NEED] <= express_limit[j])
        person[:] = NOBODY
        for field in _FROM_NOTHING:
            person[field] = 0
        person[STATE], person[FACILITY], person[KIND] = AWAY, j, (SPECIAL if special else 0)
        person[WHO], person[NTH] = np.int32(customer_id[i]), visit_nth[v]
        if elsewhere > 0.0:
            _, u, _, _ = uniform4(key, customer_id[i], t, (1 << 16) + visit_nth[v], replication)
            person[SECOND] = second_choice(u, preference, i, j)
        day_times[k, :] = 0.0
        day_times[k, ALARM], day_times[k, ANNOUNCED] = ENDLESS, -1.0


@kernel(per="market", double=True)
def serve_days(
    day_person, day_times, day_wants, branch_rules, branch_lines, branch_pools, branch_pace, branch_joins,
    usual_minutes, first_staff, shift_time, shift_place, shift_staff, line_state, pool_state, branch_busy,
    branch_counts, event_time, event_code, day_events, arrivals, branch_days, busy_time, key, replication, t,
):  # fmt: skip
    """Let the visitors of each day be served, as `abm.queues.day` says; every day begins with empty branches.

    day_person, day_times (book, ...), line_state, pool_state, branch_busy, branch_counts, event_time, event_code,
    day_events  [written]      busy_time  tally [written]: whole seconds of service, rounded half up for each
    pool and day, but of firms with servers enough
    """
    for d in range(days_of_period(branch_days[0])):
        day = Day(
            day_person, day_times, day_wants, branch_rules, branch_lines, branch_pools, branch_pace, branch_joins,
            usual_minutes, shift_time, shift_place, shift_staff, line_state, pool_state, branch_busy, branch_counts,
            event_time.reshape(event_time.size), event_code.reshape(event_code.size), day_events,
            arrivals[d], arrivals[d + 1], np.int64(0), ENDLESS, key, t, replication,
        )  # fmt: skip
        open_day(day, first_staff)
        run_day(day)
        for j in range(first_staff.shape[0]):
            for p in range(np.int64(branch_rules[j, POOLS])):
                busy_time[j] += np.int64(SECONDS * branch_busy[j, p] + 0.5) if first_staff[j, p] < ENOUGH else 0


@kernel(per="market", double=True)
def note_visits(
    visit_outcome, wait, overtaken, announced_wait, moved_to, day_person, day_times, order, arrivals, book_start,
    book_visit, visit_firm, branch_days, servers,
):  # fmt: skip
    """Write what came of each visit; who came to a firm with enough servers is served, and has not waited.

    visit_outcome, wait (book,) minutes in lines, overtaken (book,) persons, 255 at most, announced_wait (book,) minutes
    at the last time she came, -1 = none
    moved_to (book,) the firm by which she was served instead, -1 = the one that she had chosen, or none  [written]
    """
    for k in range(book_start[servers.shape[0]]):
        v = book_visit[k]
        wait[v], overtaken[v], announced_wait[v], moved_to[v] = 0.0, 0, -1.0, NOBODY
    for k in range(arrivals[days_of_period(branch_days[0])]):
        v, state = order[k], day_person[k, STATE]
        visit_outcome[v] = state
        wait[v] = day_times[k, WAITED]
        overtaken[v] = min(day_person[k, OVERTAKEN], MOST_OVERTAKEN)
        announced_wait[v] = day_times[k, ANNOUNCED]
        elsewhere = state == SERVED and day_person[k, FACILITY] != visit_firm[v]
        moved_to[v] = day_person[k, FACILITY] if elsewhere else NOBODY
