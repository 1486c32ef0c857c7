"""The rules of a branch: how people stand in line, who is served first, and how many servers are on duty when."""

from __future__ import annotations

import numpy as np

from abm.core.kernels import equation, kernel
from abm.queues.rules import (
    ANNOUNCED_PART,
    ANNOUNCES,
    APPOINTMENTS,
    AT_STAGE,
    BALK_SCALE,
    BALKS,
    BATCH,
    BEFORE,
    CALL_BACK_LINE,
    ELSEWHERE,
    ENDLESS,
    FAIRNESS,
    LINES,
    MOST_POOLS,
    MOST_TRIES,
    NOBODY,
    POOLS,
    RANK,
    RETRIES,
    RETRY_AFTER,
    ROOM,
    SERVES,
    STAGES,
    TICKETS,
    TRAVEL,
    VISIBLE,
    WITHOUT_SKILL,
    WRONG_PACE,
)

SINGLE, PARALLEL, NUMBERS = range(3)  # how people stand
ARRIVALS, PRIORITY, EXPRESS = range(3)  # who is served first
SECONDS = 60.0  # in a minute: times are counted in whole seconds
MINUTES = 60.0  # of an hour
ENOUGH = 1 << 30  # servers of a firm at which nobody waits
SPECIAL = 1  # kind of people with a line of their own


@equation(double=True)
def days_of_period(branch_days):
    """Return how many days the visits of a period are spread over: branch_days rounded half up, 1 at least."""
    return max(np.int64(branch_days + 0.5), np.int64(1))


@equation(double=True)
def interval_of(u, weights):
    """Return where a uniform falls when intervals have weights: the number of the interval, and a fraction of it."""
    total = 0.0
    for h in range(weights.shape[0]):
        total += weights[h]
    left, last = u * total, weights.shape[0] - 1
    for h in range(last):
        if left < weights[h]:
            return h + left / weights[h]
        left -= weights[h]
    return last + min(left / weights[last], 1.0)


@equation(double=True)
def on_duty(servers, follows_profile, weight, mean_weight):
    """Return the servers on duty in an interval, as many more or fewer as its arrivals, as far as the plan follows
    them: servers (1 - follows_profile + follows_profile weight / mean_weight), rounded half up, 1 at least."""
    wanted = servers * (1.0 - follows_profile + follows_profile * weight / mean_weight)
    return max(np.int64(wanted + 0.5), np.int64(1))


@equation(double=True)
def lines_of(j, lines, discipline, servers, express_servers):
    """Return how many usual lines a branch has, how many for the special kind, and how many pools.

    With servers enough there is one pool, and a line for the special kind only with priority, which the pool serves.
    """
    parallel = lines[j] == PARALLEL and servers[j] > 0
    apart = np.int64(express_servers[j]) if discipline[j] == EXPRESS and servers[j] > 0 else np.int64(0)
    if parallel:
        special = np.int64(1) if discipline[j] == PRIORITY else apart
        return np.int64(servers[j]) - apart, special, np.int64(servers[j])
    return np.int64(1), np.int64(1 if discipline[j] == PRIORITY or apart > 0 else 0), np.int64(2 if apart > 0 else 1)


@kernel(per="market", double=True)
def set_rules(
    branch_rules, usual_minutes, servers, lines, discipline, express_servers, room, announcement, appointments,
    service_minutes, balks_at_lines, balk_scale, retry, retry_minutes, most_tries, elsewhere, travel_minutes,
):  # fmt: skip
    """Write the rules of each firm's branch, as `abm.queues.rules` says.

    branch_rules (m, RULES), usual_minutes (m, 1)  [written]
    """
    for j in range(servers.shape[0]):
        rule = branch_rules[j]
        rule[:] = 0.0
        rule[ROOM] = room[j] if room[j] > 0 and servers[j] > 0 else ENDLESS
        rule[VISIBLE], rule[BALKS], rule[BALK_SCALE] = 1.0, balks_at_lines, balk_scale
        rule[ANNOUNCES], rule[ANNOUNCED_PART] = (1.0 if announcement[j] > 0.0 else 0.0), announcement[j]
        rule[TICKETS] = 1.0 if lines[j] == NUMBERS else 0.0
        rule[APPOINTMENTS] = 1.0 if appointments[j] > 0.0 else 0.0
        rule[CALL_BACK_LINE], rule[RETRIES], rule[RETRY_AFTER] = NOBODY, retry, retry_minutes
        rule[MOST_TRIES], rule[ELSEWHERE], rule[TRAVEL] = most_tries, elsewhere, travel_minutes
        rule[FAIRNESS], rule[STAGES], rule[WRONG_PACE] = 1.0, 1.0, 1.0
        usual, special, pools = lines_of(j, lines, discipline, servers, express_servers)
        rule[LINES], rule[POOLS] = usual + special, pools
        usual_minutes[j, 0] = service_minutes


@kernel(per="market", double=True)
def set_lines(
    branch_lines, branch_pools, branch_pace, branch_joins, servers, lines, discipline, express_servers
):  # fmt: skip
    """Write which lines and pools each firm's branch has.

    Parallel lines have a server each, otherwise one pool serves one line. With priority there is a further line, which
    all servers serve first; with express lines `express_servers` of the servers are for the special kind alone.

    branch_lines (m, lines, LINE_RULES), branch_pools (m, pools, POOL_RULES), branch_pace (m, pools), branch_joins
    (m, 1, kinds)  [written]
    """
    for j in range(servers.shape[0]):
        usual, special, pools = lines_of(j, lines, discipline, servers, express_servers)
        first, second = (1 << usual) - 1, ((1 << special) - 1) << usual
        to_all = second if discipline[j] == PRIORITY else np.int64(0)
        branch_joins[j, 0, 0] = first
        branch_joins[j, 0, SPECIAL] = second if special > 0 else first
        for line in range(usual + special):
            branch_lines[j, line, AT_STAGE] = 0
            branch_lines[j, line, RANK] = 0 if line >= usual else 1
            branch_lines[j, line, BEFORE] = (1 << line) | to_all
        for p in range(pools):
            branch_pace[j, p] = 1.0
            branch_pools[j, p, WITHOUT_SKILL], branch_pools[j, p, BATCH] = 0, 1
            own = (1 << p) if lines[j] == PARALLEL else (second if p == 1 else first)
            branch_pools[j, p, SERVES] = own | to_all


@equation(double=True)
def staff_of(j, p, lines, discipline, servers, express_servers):
    """Return how many servers a pool has in an interval of usual arrivals."""
    if servers[j] == 0:
        return np.int64(ENOUGH)
    if lines[j] == PARALLEL:
        return np.int64(1)
    apart = np.int64(express_servers[j]) if discipline[j] == EXPRESS else np.int64(0)
    return apart if p == 1 else np.int64(servers[j]) - apart


@kernel(per="market", double=True)
def plan_load(planned_load, visits_forecast, usual_visits, follows_forecast):
    """Write for how many visitors each firm plans, against an equal share of all occasions: 1 - f + f x forecast /
    usual visits, f = `follows_forecast`; 1 of a firm without a forecast (below 0), or where no occasions are usual.

    planned_load (m,)  ratio  [written]
    """
    for j in range(planned_load.shape[0]):
        knows = visits_forecast[j] >= 0.0 and usual_visits[j] > 0.0
        f = follows_forecast[j] if knows else 0.0
        planned_load[j] = 1.0 - f + f * (visits_forecast[j] / usual_visits[j] if knows else 0.0)


@kernel(per="market", double=True)
def plan_staff(
    first_staff, shift_time, shift_place, shift_staff, paid_minutes, branch_rules, servers, lines, discipline,
    express_servers, follows_profile, planned_load, day_profile, branch_days, minutes_open,
):  # fmt: skip
    """Write how many servers are on duty from when, and how many minutes of servers that is on a full day.

    Each pool has its servers times `planned_load`, and follows the profile on its own; intervals are parts of the day
    as long as it is, paid minutes those of a day of `minutes_open`, none of a firm with servers enough.

    first_staff (m, pools), shift_time, shift_place, shift_staff (shifts,), paid_minutes (m,)  [written]
    """
    intervals, changes, mean_weight = day_profile.shape[0], 0, 0.0
    length = minutes_open * branch_days[0] / days_of_period(branch_days[0])
    shift_time[:] = ENDLESS
    paid_minutes[:] = 0.0
    for h in range(intervals):
        mean_weight += day_profile[h] / intervals
    for h in range(intervals):
        for j in range(servers.shape[0]):
            for p in range(np.int64(branch_rules[j, POOLS])):
                staff = staff_of(j, p, lines, discipline, servers, express_servers)
                if servers[j] > 0:
                    staff = on_duty(staff * planned_load[j], follows_profile[j], day_profile[h], mean_weight)
                    paid_minutes[j] += staff * minutes_open / intervals
                if h == 0:
                    first_staff[j, p] = staff
                else:
                    shift_time[changes] = h * length / intervals
                    shift_place[changes] = j * MOST_POOLS + p
                    shift_staff[changes] = staff
                    changes += 1
