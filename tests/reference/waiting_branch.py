"""Waiting line: the branch of a firm: its lines and pools of servers, who is on duty when, and its day.

Claim: one pool of servers serves one line, or each server a line of her own; class A has a line that all serve first,
or who needs little time a line with servers of its own.
Source: the written specification of the theory, without a look at its kernels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.reference.facility import AWAY, MOST_POOLS, NOBODY, PERSON, RULES, TIMES, WANTS, Person
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
    """Return the rules of a branch in the order in which a service day takes them; the others are 0."""
    lined = firm["servers"] > 0
    looks = float(lined and p["balking"] == "by_wait")
    found = {
        "room": firm["room"] if lined and firm["room"] > 0 else math.inf,
        "visible": looks, "balks": looks, "balk_scale": p["balk_scale"],
        "announces": float(lined and firm["announcement"] > 0.0), "announced_part": firm["announcement"],
        "tickets": float(lined and firm["lines"] == "numbers"),
        "appointments": float(lined and firm["appointments"] > 0.0),
        "call_back_line": NOBODY, "retries": p["retry"], "retry_after": p["retry_minutes"],
        "most_tries": p["most_tries"], "elsewhere": p["elsewhere"], "travel": p["travel_minutes"],
        "wrong_pace": 1.0, "fairness": 1.0, "stages": 1.0, "lines": len(branch.lines), "pools": len(branch.pools),
    }  # fmt: skip
    return [found.get(name, 0.0) for name in RULES]


def shifts_of(firms: Sequence[Mapping[str, Any]], length: float, p: Mapping[str, Any]) -> list[tuple[float, int, int]]:
    """Return (minute, facility and pool, servers on duty from then on) for each interval after the first."""
    profile = p["profile"]
    return [
        (k * length / len(profile), j * MOST_POOLS + q, on_duty(staff, firm["follows_profile"], weight, profile))
        for k, weight in enumerate(profile)
        for j, firm in enumerate(firms)
        if k > 0 and firm["servers"] > 0
        for q, (_, staff) in enumerate(branch_of(firm).pools)
    ]


def records_of(people: Sequence[Visitor]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the records with which people begin a day, and what they want."""
    person, times, wants = [], [], []
    for v in people:
        begins = {
            "state": AWAY, "facility": v.firm, "second": v.second, "kind": v.kind, "who": v.identity, "nth": v.nth,
            **dict.fromkeys(("line", "pool", "behind", "ahead", "mate"), NOBODY),
        }  # fmt: skip
        wanted = {
            "arrival": v.moment, "patience": v.patience, "accepted": v.accepted, "luck": v.luck, "due": v.due
        }  # fmt: skip
        person.append([begins.get(name, 0) for name in PERSON])
        times.append([{"alarm": math.inf, "announced": -1.0}.get(name, 0.0) for name in TIMES])
        wants.append([*(wanted.get(name, 0.0) for name in WANTS), v.service, 0.0, 0.0])
    return np.array(person, np.int64), np.array(times), np.array(wants)


def day_of_branches(
    firms: Sequence[Mapping[str, Any]], people: Sequence[Visitor], length: float, p: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a service day takes of all firms' branches, but for its luck.

    A line is (rank, lines served no later, stage), a pool (lines served, of these without skill, whom it serves at a
    time, lines for which it keeps a reserve, the reserve), and what it is like (servers, busy).
    """
    branches = [branch_of(firm) for firm in firms]
    m, most, pools = len(firms), max(len(b.lines) for b in branches), max(len(b.pools) for b in branches)
    lines, rules = np.zeros((m, most, 3), np.int64), np.zeros((m, pools, 5), np.int64)
    like = np.zeros((m, pools, 2), np.int64)
    for j, branch in enumerate(branches):
        for k, (rank, before) in enumerate(branch.lines):
            lines[j, k] = rank, before, 0
        for q, (serves, staff) in enumerate(branch.pools):
            follows = firms[j]["follows_profile"] if staff < ENOUGH else 0.0
            rules[j, q] = serves, 0, 1, 0, 0
            like[j, q] = on_duty(staff, follows, p["profile"][0], p["profile"]), 0
    person, times, wants = records_of(people)
    shifts = list(zip(*shifts_of(firms, length, p), strict=True)) or [(), (), ()]
    return {
        "person": person, "times": times, "wants": wants, "lines": lines, "pools": rules, "pool_state": like,
        "rules": np.array([rules_of(firm, b, p) for firm, b in zip(firms, branches, strict=True)]),
        "pace": np.ones((m, pools)), "joins": np.array([[b.joins] for b in branches], np.int64),
        "mean": np.full((m, 1), p["service_minutes"]), "shift_time": shifts[0], "shift_place": shifts[1],
        "shift_staff": shifts[2], "first": 0, "last": len(people), "stride": 0, "horizon": math.inf,
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
        day = ServiceDay(SimpleNamespace(**day_of_branches(firms, people, length, p), **luck), exponential, logistic)
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
