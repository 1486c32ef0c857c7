"""Waiting line: a firm with few servers lets visitors wait, and some give up.   Visitors of one firm meet.

Claim: who finds all servers busy waits in the order of arrival and leaves when her patience ends (Erlang A); waiting
takes from the satisfaction with the visit, and who gave up remembers it.
Source: Palm 1957 (impatience; from memory); what waiting does to satisfaction is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.distributions import exponential_quantile
from abm.core.kernels import equation, kernel
from abm.core.order import make_heap, sink, sort_by
from abm.core.spec import param
from abm.core.streams import uniform4
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.mechanisms.sums import Sum
from abm.world.columns import CENT, Column, Tally
from abm.world.visits import ABANDONED

MOST_SERVERS = 1000  # of a firm
_SECONDS = 60.0  # in a minute: waits are counted in whole seconds


@equation
def resented_wait(wait, annoyance):
    """Return what a wait takes from the satisfaction with a visit, at most all of it.  wait: minutes"""
    return min(np.float32(1.0), annoyance * wait)


@equation
def is_earlier(visit, other, visit_customer, visit_nth, customer_id):
    """Return whether a visit comes before another that arrives at the same moment."""
    mine, hers = customer_id[visit_customer[visit]], customer_id[visit_customer[other]]
    return mine < hers or (mine == hers and visit_nth[visit] < visit_nth[other])


@kernel(per="firm")
def serve_in_order(
    visit_outcome, wait, server_free, arrival, order, spare, book_start, book_visit, visit_customer, visit_nth,
    customer_id, time_pressure, servers, minutes_open, service_minutes, patience_minutes, key, replication, lo, hi, t,
):  # fmt: skip
    """Serve the visitors of firms lo..hi in the order of their arrival, each by the first server who is free.

    Of those who arrive at the same moment the one of lower identity is served first. Mean patience is
    `patience_minutes / time_pressure`.

    visit_outcome, wait (book,)  minutes  [written]      server_free (m, servers)  minutes from opening  [written]
    arrival, order, spare (book,)  [written]
    """
    for j in range(lo, hi):
        first, last, count = book_start[j], book_start[np.int64(j) + 1], servers[j]
        for k in range(first, last):
            v = book_visit[k]
            order[k] = v
            wait[v] = 0.0
            arrival[v] = minutes_open * uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)[0]
        if count > 0:
            free = server_free[j]
            make_heap(free, count)
            sort_by(order, spare, arrival, first, last)
            for k in range(first + 1, last):  # identity decides between equal arrivals, as rows may lie in any order
                e = k
                while (
                    e > first
                    and arrival[order[e - 1]] == arrival[order[e]]
                    and is_earlier(order[e], order[e - 1], visit_customer, visit_nth, customer_id)
                ):
                    order[e - 1], order[e] = order[e], order[e - 1]
                    e -= 1
            for k in range(first, last):
                v = order[k]
                _, b, c, _ = uniform4(key, customer_id[visit_customer[v]], t, visit_nth[v], replication)
                begins = max(free[0], arrival[v])
                wait[v] = min(begins - arrival[v], exponential_quantile(c, patience_minutes / time_pressure[v]))
                if begins - arrival[v] > wait[v]:
                    visit_outcome[v] = ABANDONED
                else:
                    sink(free, count, 0, begins + exponential_quantile(b, service_minutes))
            for s in range(count):
                free[s] -= minutes_open


@kernel
def count_waits(wait, visit_count, visit_firm, visit_outcome, servers, came, gave_up, waited):
    """Count who came to a line, who gave up and how long they waited.  came, gave_up, waited  tallies [written]"""
    for v in range(visit_count[0]):
        j = visit_firm[v]
        if servers[j] > 0:
            came[j] += 1
            gave_up[j] += 1 if visit_outcome[v] == ABANDONED else 0
            waited[j] += np.int64(_SECONDS * wait[v] + np.float32(0.5))


@kernel
def remember_giving_up(
    satisfaction_at, expectation_at, visit_count, visit_pair, visit_outcome, encounters_at, resentment
):
    """Lower what those who gave up think of the firm.  satisfaction_at, expectation_at (pairs,)  0-1  [written]"""
    for v in range(visit_count[0]):
        if visit_outcome[v] == ABANDONED:
            pair = visit_pair[v]
            expectation_at[pair] *= 1.0 - resentment
            if encounters_at[pair] > 0.0:
                satisfaction_at[pair] *= 1.0 - resentment


@kernel
def resent_waiting(satisfaction_shift, wait, visit_count, time_pressure, annoyance):
    """Take from the satisfaction with a visit what the wait was.  satisfaction_shift (visits,)  0-1  [written]"""
    for v in range(visit_count[0]):
        satisfaction_shift[v] -= resented_wait(wait[v], annoyance * time_pressure[v])


@kernel(per="market")
def book_servers(staffing_cost, staffing):
    """Book what servers cost.  staffing  tally [written]"""
    for j in range(staffing_cost.shape[0]):
        staffing[j] += staffing_cost[j]


@kpi(unit="share", better="less", nan="nobody came to a line")
def abandonment_rate(c: Tallied) -> FloatArray:
    """Visitors who gave up waiting / visitors who came to the firm's line."""
    return c.gave_up / c.came


@kpi(unit="minutes", better="less", nan="nobody came to a line")
def mean_wait(c: Tallied) -> FloatArray:
    """Minutes waited, by those who gave up too / visitors who came to the firm's line."""
    return c.waited / c.came


class WaitingLinePolicy(Policy):
    """How many serve."""

    name = "waiting_line"
    given: ClassVar = {"wage": "wages are those of the labour market"}
    servers: int = param(
        0, unit="servers", bounds=(0, MOST_SERVERS), evidence="assumed", doc="who serve; 0 = enough for everybody"
    )
    wage: float = param(10.0, unit="cu/server/period", bounds=(0, 1e6), evidence="assumed", doc="cost of a server")

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what the servers cost a period."""
        return {"staffing_cost": (CENTS, self.servers * self.wage)}


class WaitingLine(Mechanism):
    """Visitors wait for a server, and some give up."""

    name = "waiting_line"
    policy = WaitingLinePolicy
    owns = (
        Column("wait", ("visit",), 0, "minutes", "time between arrival and service, or giving up"),
        Column("server_free", ("firm", "server"), 0, "minutes", "when each server is free, from the opening on"),
    )
    scratch = (
        Column("arrival", ("visit",), 0, "minutes", "when the visitor arrives, from the opening on"),
        Column("order", ("visit",), 0, "place", "visits in the order of arrival", "uint32"),
        Column("spare", ("visit",), 0, "place", "room for sorting", "uint32"),
    )
    sums = (
        Sum(
            "time_pressure", ("visit",), 1.0, "ratio", "factor on annoyance at a wait, divisor of patience",
            Phase.ARRIVAL,
        ),
    )  # fmt: skip
    writes = ("visit_outcome", "satisfaction", "expectation")
    counts = (
        Tally("came", "visitors", "visitors who came to the line"),
        Tally("gave_up", "visitors", "of these, who gave up waiting"),
        Tally("waited", "minutes", "time that they waited", 1 / _SECONDS),
        Tally("staffing", "cu", "cost of servers", CENT, account="lever"),
    )
    kpis = (abandonment_rate, mean_wait)
    minutes_open: float = param(
        3000.0, unit="minutes/period", bounds=(0.1, 1e6), evidence="assumed", doc="opening hours, all arrive within"
    )
    service_minutes: float = param(
        10.0, unit="minutes", bounds=(1e-3, 1e4), evidence="assumed", doc="mean service time, exponential"
    )
    patience_minutes: float = param(
        20.0, unit="minutes", bounds=(1e-3, 1e6), evidence="assumed", doc="mean patience, exponential"
    )
    annoyance: float = param(
        0.01, unit="1/minute", bounds=(0, 10), evidence="assumed", doc="satisfaction with the visit lost by waiting"
    )
    resentment: float = param(
        0.1, unit="share", bounds=(0, 1), evidence="assumed", doc="satisfaction with the firm lost by giving up"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return nothing where all firms have servers enough; else the line, its memory, its term and its cost."""
        if not any(policy.servers for policy in policies):
            return ()
        return (
            (Phase.OPERATIONS, serve_in_order),
            (Phase.ADMISSION, count_waits),
            (Phase.ADMISSION, remember_giving_up),
            (Phase.JUDGEMENT, resent_waiting),
            (Phase.BOOKS, book_servers),
        )

    def axes(self) -> Mapping[str, int]:
        """Return the most servers that a firm can have."""
        return {"server": MOST_SERVERS}
