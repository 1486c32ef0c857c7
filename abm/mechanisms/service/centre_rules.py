"""The rules of a contact centre's sites: lines, who has which skill, how long a contact takes, who is on duty when."""

from __future__ import annotations

import numpy as np

from abm.core.kernels import equation, kernel
from abm.mechanisms.service.centre_records import (
    BEST_COMPLAINTS,
    BEST_QUESTIONS,
    CALLERS,
    COMPLAINTS,
    DEDICATED,
    GENERALISTS,
    LINES_OF_SITE,
    MESSAGES,
    MOST_SITES,
    OUTGOING,
    POOLS_OF_SITE,
    QUESTIONS,
    SPECIALISTS,
)
from abm.mechanisms.service.waiting_rules import days_of_period, on_duty
from abm.queues.rules import (
    ANNOUNCED_PART,
    ANNOUNCES,
    AT_STAGE,
    BALK_SCALE,
    BALKS,
    BATCH,
    BEFORE,
    CALL_BACK_AFTER,
    CALL_BACK_LINE,
    CALL_BACK_TAKEN,
    ENDLESS,
    LINES,
    MOST_POOLS,
    MOST_TRIES,
    POOLS,
    RANK,
    RESERVE,
    RESERVED,
    ROOM,
    SERVES,
    STAGES,
    WITHOUT_SKILL,
    WRONG_PACE,
)

_USUAL = (1 << QUESTIONS) | (1 << COMPLAINTS)
_BEST = (1 << BEST_QUESTIONS) | (1 << BEST_COMPLAINTS)
_CALLS = 1 << OUTGOING
_ALL = (1 << LINES_OF_SITE) - 1 - _CALLS  # contacts of customers


@equation(double=True)
def part_of_site(agents, s, sites):
    """Return how many of some agents are at site s: all at one site; the larger half at the first of two."""
    if sites == 1:
        return np.int64(agents) if s == 0 else np.int64(0)
    return (np.int64(agents) + 1 - s) // 2


@equation(double=True)
def agents_of_pool(j, s, p, agents, specialists, dedicated_agents, outbound_agents, sites):
    """Return how many agents of a pool are at site s of firm j in an interval of usual contacts.

    All agents, specialists, dedicated agents and callers are divided each for themselves; generalists are what is left
    of the agents at the site, callers are beside them.
    """
    if p == CALLERS:
        return part_of_site(outbound_agents[j], s, sites[j])
    experts = part_of_site(specialists[j], s, sites[j])
    apart = part_of_site(dedicated_agents[j], s, sites[j])
    others = part_of_site(agents[j], s, sites[j]) - experts - apart
    return apart if p == DEDICATED else (experts if p == SPECIALISTS else others)


@equation(double=True)
def handling_pace(cti, knowledge, quality_target, cti_pace, knowledge_saving, quality_time):
    """Return the factor on the minutes of handling: tools save time, finishing a matter takes more.

    cti_pace with `cti` x (1 - saving x knowledge) x (1 + time x target): products of two levers or parameters are
    rounded to single precision, all else is of double.
    """
    saved = (cti_pace if cti > 0 else 1.0) * (1.0 - knowledge_saving * knowledge)
    return saved * (1.0 + quality_time * quality_target)


@kernel(per="market", double=True)
def set_centres(
    site_rules, site_lines, site_joins, site_minutes, agents, dedicated_agents, best_first, wait_announced, call_back,
    messages, handling_minutes, wrong_skill_pace, balk_scale, call_back_after, call_back_taken,
):  # fmt: skip
    """Write the rules and lines of each firm's sites, as `abm.queues.rules` says; both sites have the same.

    Lines: questions, complaints, the same two for class A, messages and call backs, and last calls of the firm. With
    `best_first` those of class A are served first (rank 0, the usual ones 1, messages 2, calls 3), and only they are no
    later than each other; else all four are no later than each other; all lines but calls are no later than messages,
    all no later than calls. Without `best_first` and without dedicated agents class A stands in the others' lines.
    Rooms are endless; only an announced wait is balked at. The line of call backs is that of messages, -1 where a firm
    neither calls back nor answers messages; the chance that a call back is taken is `call_back` x `call_back_taken`, of
    single precision. Who is not served does not come again. Firms without a centre have such sites, too.

    site_rules (sites, RULES), site_lines (sites, lines, LINE_RULES), site_joins (sites, 1, kinds), site_minutes
    (sites, 1)  [written]
    """
    for f in range(MOST_SITES * agents.shape[0]):
        j = f // MOST_SITES
        rule = site_rules[f]
        rule[:] = 0.0
        rule[ROOM], rule[STAGES], rule[LINES], rule[POOLS] = ENDLESS, 1.0, LINES_OF_SITE, POOLS_OF_SITE
        rule[ANNOUNCES], rule[ANNOUNCED_PART] = (1.0 if wait_announced[j] > 0.0 else 0.0), wait_announced[j]
        rule[BALKS], rule[BALK_SCALE], rule[MOST_TRIES], rule[WRONG_PACE] = 1.0, balk_scale, 1.0, wrong_skill_pace
        defers = call_back[j] > 0.0 or messages[j] > 0
        rule[CALL_BACK_LINE] = MESSAGES if defers else -1.0
        rule[CALL_BACK_AFTER], rule[CALL_BACK_TAKEN] = call_back_after, call_back_taken * call_back[j]
        site_minutes[f, 0] = handling_minutes
        apart = best_first[j] > 0 or dedicated_agents[j] > 0
        for line in range(LINES_OF_SITE):
            best = line == BEST_QUESTIONS or line == BEST_COMPLAINTS
            first = best and best_first[j] > 0
            site_lines[f, line, AT_STAGE] = 0
            site_lines[f, line, RANK] = line - MESSAGES + 2 if line >= MESSAGES else (0 if first else 1)
            site_lines[f, line, BEFORE] = _ALL if line == MESSAGES else (_BEST if first else _USUAL | _BEST)
            site_joins[f, 0, line] = 1 << (line - 2 if best and not apart else line)
        site_lines[f, OUTGOING, BEFORE] = _ALL | _CALLS


@kernel(per="market", double=True)
def set_pools(
    site_pools, site_pace, agents, blended, idle_reserve, cti, knowledge, quality_target, cti_pace, knowledge_saving,
    quality_time,
):  # fmt: skip
    """Write which lines the pools of each firm's sites serve, and how fast; both sites have the same.

    Pools, in this order: callers, for calls of the firm alone; dedicated agents, for class A alone, with all skills;
    generalists, without the skill for complaints, and specialists, without that for questions, for all other lines. For
    messages, call backs and calls all have the skill, as the matter is read before. Where `blended`, generalists and
    specialists also make calls, each pool only while more than `idle_reserve` of it are free at the site.

    site_pools (sites, pools, POOL_RULES), site_pace (sites, pools)  [written]
    """
    for f in range(MOST_SITES * agents.shape[0]):
        j = f // MOST_SITES
        for p in range(POOLS_OF_SITE):
            others = _ALL | _CALLS if blended[j] > 0 else _ALL
            site_pools[f, p, SERVES] = _CALLS if p == CALLERS else (_BEST if p == DEDICATED else others)
            site_pools[f, p, WITHOUT_SKILL], site_pools[f, p, BATCH] = 0, 1
            site_pools[f, p, RESERVED], site_pools[f, p, RESERVE] = _CALLS, 0 if p == CALLERS else idle_reserve[j]
            site_pace[f, p] = handling_pace(
                cti[j], knowledge[j], quality_target[j], cti_pace, knowledge_saving, quality_time
            )
        site_pools[f, GENERALISTS, WITHOUT_SKILL] = (1 << COMPLAINTS) | (1 << BEST_COMPLAINTS)
        site_pools[f, SPECIALISTS, WITHOUT_SKILL] = (1 << QUESTIONS) | (1 << BEST_QUESTIONS)


@kernel(per="market", double=True)
def plan_agents(
    site_staff, agent_shift_time, agent_shift_place, agent_shift_staff, agent_minutes, expert_minutes, agents,
    specialists, dedicated_agents, outbound_agents, sites, follows_calls, contact_profile, centre_days, minutes_open,
):  # fmt: skip
    """Write how many agents are on duty from when, and how many minutes of agents that is on a full day.

    In each interval a pool that has agents at a site has `on_duty` of them, callers all; another has none, and no
    shifts. Shifts go by interval, from the second on, by site and by pool; intervals are equal parts of the length of
    the day, minutes_open centre_days / days. The times that are left of the list are ENDLESS. Minutes on duty are parts
    of minutes_open.

    site_staff (sites, pools), agent_shift_time, agent_shift_place, agent_shift_staff (shifts,)  [written]
    agent_minutes (m,), of all, expert_minutes (m,), of specialists and dedicated agents  [written]
    """
    intervals, changes, mean_weight = contact_profile.shape[0], 0, 0.0
    length = minutes_open * centre_days[0] / days_of_period(centre_days[0])
    agent_shift_time[:] = ENDLESS
    agent_minutes[:] = 0.0
    expert_minutes[:] = 0.0
    for h in range(intervals):
        mean_weight += contact_profile[h] / intervals
    for h in range(intervals):
        for f in range(MOST_SITES * agents.shape[0]):
            j, s = f // MOST_SITES, f % MOST_SITES
            for p in range(POOLS_OF_SITE):
                staff = agents_of_pool(j, s, p, agents, specialists, dedicated_agents, outbound_agents, sites)
                if staff > 0 and p != CALLERS:
                    staff = on_duty(staff, follows_calls[j], contact_profile[h], mean_weight)
                agent_minutes[j] += staff * minutes_open / intervals
                expert = p == DEDICATED or p == SPECIALISTS
                expert_minutes[j] += staff * minutes_open / intervals if expert else 0.0
                if h == 0:
                    site_staff[f, p] = staff
                elif staff > 0:
                    agent_shift_time[changes] = h * length / intervals
                    agent_shift_place[changes] = f * MOST_POOLS + p
                    agent_shift_staff[changes] = staff
                    changes += 1
