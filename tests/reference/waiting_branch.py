"""Waiting line: the branch of a firm: its lines and pools of servers, who is on duty when, and its day.

Claim: one pool of servers serves one line, or each server a line of her own; class A has a line that all serve first,
or who needs little time a line with servers of its own.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm.queues import rules as R
from abm.queues.rules import Day
from tests.reference.facility import Person
from tests.reference.random_numbers import Key
from tests.reference.service_day import ServiceDay
from tests.reference.waiting_line import (
    NOWHERE,
    OUTCOMES,
    SERVED,
    Visitor,
    day_length,
    days,
    exponential,
    half_up,
)  # fmt: skip

ENOUGH = 2**30  # servers of a firm that states none


@dataclass
class Branch:
    """Lines as (rank, lines served no later), pools as (lines served, servers), and what each kind may join."""

    lines: list[tuple[int, int]]
    pools: list[tuple[int, int]]
    joins: tuple[int, int]


def branch_of(firm: Mapping[str, Any]) -> Branch:
    """Return the lines and pools of a firm's branch."""
    if firm["servers"] == 0:
        return Branch([(0, 1)], [(1, ENOUGH)], (1, 1))
    express = firm["express_servers"] if firm["discipline"] == "express" else 0
    usual_staff, parallel = firm["servers"] - express, firm["lines"] == "parallel"
    usual = [1] * usual_staff if parallel else [usual_staff]
    quick = ([1] * express if parallel else [express]) if express else []
    lines = [(1, 1 << k) for k in range(len(usual) + len(quick))]
    pools = [(1 << k, staff) for k, staff in enumerate([*usual, *quick])]
    everywhere = sum(1 << k for k in range(len(usual)))
    if firm["discipline"] == "priority":
        first = 1 << len(usual)
        lines = [(1, before | first) for _, before in lines] + [(0, first)]
        return Branch(lines, [(serves | first, staff) for serves, staff in pools], (everywhere, first))
    apart = sum(1 << len(usual) + k for k in range(len(quick)))
    return Branch(lines, pools, (everywhere, apart or everywhere))


def on_duty(staff: int, follows: float, weight: float, profile: Sequence[float]) -> int:
    """Return how many of `staff` servers are on duty in an interval of the profile."""
    mean = sum(profile) / len(profile)
    return max(1, half_up(staff * (1.0 - follows + follows * weight / mean)))


def paid_minutes(firm: Mapping[str, Any], p: Mapping[str, Any]) -> float:
    """Return the minutes of servers on duty on a day of full length."""
    if firm["servers"] == 0:
        return 0.0
    each = p["minutes_open"] / len(p["profile"])
    pools = branch_of(firm).pools
    return float(
        sum(each * on_duty(staff, firm["follows_profile"], w, p["profile"]) for w in p["profile"] for _, staff in pools)
    )


def rules_of(firm: Mapping[str, Any], branch: Branch, p: Mapping[str, Any]) -> list[float]:
    """Return the rules of a branch as a service day takes them."""
    found = [0.0] * R.RULES
    if firm["servers"] > 0:
        found[R.ANNOUNCES] = float(firm["announcement"] > 0.0)
        found[R.ANNOUNCED_PART] = firm["announcement"]
        found[R.VISIBLE] = found[R.BALKS] = float(p["balking"] == "by_wait")
        found[R.TICKETS] = float(firm["lines"] == "numbers")
        found[R.APPOINTMENTS] = float(firm["appointments"] > 0.0)
    found[R.ROOM] = firm["room"] if firm["servers"] > 0 and firm["room"] > 0 else math.inf
    found[R.BALK_SCALE], found[R.CALL_BACK_LINE] = p["balk_scale"], NOWHERE
    found[R.RETRIES], found[R.RETRY_AFTER], found[R.MOST_TRIES] = p["retry"], p["retry_minutes"], p["most_tries"]
    found[R.ELSEWHERE], found[R.TRAVEL] = p["elsewhere"], p["travel_minutes"]
    found[R.WRONG_PACE] = found[R.FAIRNESS] = found[R.STAGES] = 1.0
    found[R.LINES], found[R.POOLS] = len(branch.lines), len(branch.pools)
    return found


def shifts_of(firms: Sequence[Mapping[str, Any]], length: float, p: Mapping[str, Any]) -> list[tuple[float, int, int]]:
    """Return (minute, facility and pool, servers on duty from then on) for each interval after the first."""
    profile = p["profile"]
    return [
        (k * length / len(profile), j * R.MOST_POOLS + q, on_duty(staff, firm["follows_profile"], weight, profile))
        for k, weight in enumerate(profile)
        for j, firm in enumerate(firms)
        if k > 0 and firm["servers"] > 0
        for q, (_, staff) in enumerate(branch_of(firm).pools)
    ]


def records_of(people: Sequence[Visitor]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the records with which people begin a day, and what they want."""
    person, n = np.zeros((len(people), R.WORDS), np.int32), len(people)
    times, wants = np.zeros((n, R.TIMES)), np.zeros((n, R.WANTS))
    person[:, R.STATE], times[:, R.ALARM], times[:, R.ANNOUNCED] = R.AWAY, math.inf, -1.0
    person[:, [R.LINE, R.POOL, R.BEHIND, R.AHEAD, R.MATE]] = R.NOBODY
    for row, v in enumerate(people):
        person[row, [R.FACILITY, R.SECOND, R.KIND]] = v.firm, v.second, v.kind
        person[row, [R.WHO, R.NTH]] = np.uint32(v.identity), v.nth
        wants[row, [R.ARRIVAL, R.DUE, R.NEED]] = v.moment, v.due, v.service
        wants[row, [R.PATIENCE, R.ACCEPTED, R.LUCK]] = v.patience, v.accepted, v.luck
    return person, times, wants


def day_of_branches(
    firms: Sequence[Mapping[str, Any]], people: Sequence[Visitor], length: float, p: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a day of all firms' branches as a service day takes it, but for its luck."""
    branches = [branch_of(firm) for firm in firms]
    m, most, pools = len(firms), max(len(b.lines) for b in branches), max(len(b.pools) for b in branches)
    line_rules, pool_rules = np.zeros((m, most, R.LINE_RULES), np.int64), np.zeros((m, pools, R.POOL_RULES), np.int64)
    line_state, pool_state = np.zeros((m, most, R.LINE_STATE), np.int64), np.zeros((m, pools, R.POOL_STATE), np.int64)
    line_state[:, :, [R.HEAD, R.TAIL]], pool_rules[:, :, R.BATCH] = R.NOBODY, 1
    for j, branch in enumerate(branches):
        for k, (rank, before) in enumerate(branch.lines):
            line_rules[j, k] = rank, before, 0
        for q, (serves, staff) in enumerate(branch.pools):
            pool_rules[j, q, R.SERVES] = serves
            follows = firms[j]["follows_profile"] if staff < ENOUGH else 0.0
            pool_state[j, q, R.STAFF] = on_duty(staff, follows, p["profile"][0], p["profile"])
    person, times, wants = records_of(people)
    shifts = shifts_of(firms, length, p)
    return {
        "person": person, "times": times, "wants": wants, "lines": line_rules, "pools": pool_rules,
        "rules": np.array([rules_of(firm, b, p) for firm, b in zip(firms, branches, strict=True)]),
        "pace": np.ones((m, pools)), "joins": np.array([[b.joins] for b in branches], np.int64),
        "mean": np.full((m, 1), p["service_minutes"]), "shift_time": np.array([s[0] for s in shifts]),
        "shift_place": np.array([s[1] for s in shifts], np.int64),
        "shift_staff": np.array([s[2] for s in shifts], np.int64), "line_state": line_state, "pool_state": pool_state,
        "busy": np.zeros((m, pools)), "counts": np.zeros((m, R.COUNTS), np.int64),
        "event_time": np.zeros(2 * len(people)), "event_code": np.zeros(2 * len(people), np.int64),
        "events": np.zeros(1, np.int64), "first": 0, "last": len(people), "stride": 0, "horizon": math.inf,
    }  # fmt: skip


def serve(
    firms: Sequence[Mapping[str, Any]], visitors: Sequence[Visitor], branch_days: float, p: Mapping[str, Any],
    key: Key, replication: int, t: int,
) -> list[int]:  # fmt: skip
    """Let visitors who have come and have their wants be served; note what came of each.

    Returns the whole seconds of service by each firm's servers, rounded for each pool and day.
    """
    busy, length = [0] * len(firms), day_length(branch_days, p)
    for d in range(days(branch_days)):
        people = [v for v in visitors if v.day == d and firms[v.firm]["servers"] > 0]
        people.sort(key=lambda v: (v.moment, v.identity, v.nth))
        luck = {"key": key[0] | key[1] << 32, "period": t, "replication": replication}
        day = ServiceDay(Day(**day_of_branches(firms, people, length, p), **luck), exponential, logistic)
        day.run()
        for j, facility in enumerate(day.facilities):
            busy[j] += sum(half_up(60.0 * pool.minutes) for pool in facility.pools) if firms[j]["servers"] else 0
        for v, person in zip(people, day.people, strict=True):
            note(v, person)
    return busy


def logistic(x: float) -> float:
    """Return 1 / (1 + exp(-x)), of numbers of any size."""
    return 0.0 if x < -700.0 else 1.0 / (1.0 + math.exp(-x))


def note(v: Visitor, person: Person) -> None:
    """Note what came of a visitor."""
    v.outcome = OUTCOMES[person.state]
    v.wait, v.overtaken, v.announced = person.waited, min(person.overtaken, 255), person.announced
    v.moved_to = person.facility if v.outcome == SERVED and person.facility != v.firm else NOWHERE
