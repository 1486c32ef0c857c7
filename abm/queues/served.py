"""What came of a queue: a summary with standard errors, the trace of its customers, what waiting costs, and figures."""

from __future__ import annotations

import importlib
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from abm.core.errors import counted
from abm.core.kernels import kernel
from abm.core.shown import in_notebook
from abm.queues import measures
from abm.queues.layout import Layout
from abm.queues.queue import Queue
from abm.queues.running import OUTCOMES, Trace


class Served:
    """The customers of a queue, and what became of them, over one or more replications.

    queue   : as it was set up      seed : of all luck      traces : columns of each replication
    left_out : customers left out of all measures as a warm-up, by replication      within : seconds of good service
    notes   : lines on what the numbers cannot say
    """

    def __init__(self, queue: Queue, seed: int, traces: list[Trace], left_out: list[int], within: float) -> None:
        self.queue, self.seed, self.traces, self.left_out, self.within = queue, seed, traces, left_out, within
        self.notes: tuple[str, ...] = tuple(_notes(queue, traces[0].layout))

    def __repr__(self) -> str:
        row = self.summary.iloc[0]
        total, out = sum(len(trace.arrival) for trace in self.traces), sum(self.left_out)
        times = f" in {counted(len(self.traces), 'replication')}" if len(self.traces) > 1 else ""
        said = f"{counted(total, 'customer')}{times}, the first {out:,} left out" if out else counted(total, "customer")
        parts = [f"{int(row[name]):,} {name.replace('_', '-')}" for name in measures.COUNTS if row[name]]
        lines = [f"<Served: {said}: {', '.join(parts) or 'nobody'}; mean wait {row['mean_wait']:.4g} minutes>"]
        return "\n".join([*lines, *self.notes])

    _repr_html_ = in_notebook

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row for all customers and, if there are several, for each kind; abm/queues/measures.py says what is what.

        Counts are sums over replications; every measure has its standard error beside it, `mean_wait_se`: NaN where
        there is none. `longest_line` counts the warm-up too.
        """
        return measures.summary(self.queue, self.traces, self.left_out, self.within / 60.0)

    @cached_property
    def customers(self) -> pd.DataFrame:
        """A row for each customer in the order of arrival, the warm-up too; times in minutes, NaN = never.

        replication, customer, kind, arrival, joined (the last line), began and left (of the last service), waited (in
        all lines), outcome, tries, overtaken (by how many), need (at the first stage), pool, server (of the last
        service; the lowest number in the pool that is free, as a trace does not say who it was), counted
        """
        return pd.concat([self._trace(k) for k in range(len(self.traces))], ignore_index=True)

    def kpis(
        self, waiting_cost: float = 0.0, server_cost: float = 0.0, lost_cost: float = 0.0, area: float = 1.0
    ) -> pd.DataFrame:
        """Return a line of people as a stock of goods: what it costs, the space it takes, and how it is used.

        waiting_cost : money for a customer's minute in line      server_cost : money for a server's minute on duty
        lost_cost    : money for who came and was not served       area : square metres for one who waits

        All customers of all replications, the warm-up too. Columns analogy, measure, value, unit.
        """
        return _kpis(self.traces, waiting_cost, server_cost, lost_cost, area)

    def against_formula(self) -> pd.DataFrame:
        """Return what a formula says in the long run beside what was simulated: measure, formula, simulated, se, z.

        z = (simulated - formula) / se. Raises Refusal if no formula is known for this queue.
        """
        found: pd.DataFrame = importlib.import_module("abm.queues.formula").against_formula(self)
        return found

    @cached_property
    def plot(self) -> Any:
        """Figures by name: `served.plot.trace()`, `served.plot.servers()`, `served.plot.waits()`.

        The package of views makes them, which knows all others and none of them knows it; so it is asked for by name.
        """
        return importlib.import_module("abm.view.queues").QueuePlots(self)

    def _trace(self, replication: int) -> pd.DataFrame:
        trace, n = self.traces[replication], len(self.traces[replication].arrival)
        kinds = [kind.name for kind in self.queue.people]
        pools = [*(pool.name for pool in trace.layout.pools_named), ""]
        alone = pd.DataFrame(
            {
                "replication": replication, "customer": trace.who, "kind": _named(trace.people.kind, kinds),
                "arrival": trace.arrival, "joined": trace.joined, "began": trace.began, "left": trace.left,
                "waited": trace.waited, "outcome": _named(trace.outcome, OUTCOMES), "tries": trace.tries,
                "overtaken": trace.overtaken, "need": trace.people.need[0], "pool": _named(trace.pool, pools),
                "server": servers(trace),
            }
        )  # fmt: skip
        alone["counted"] = np.arange(n) >= self.left_out[replication]
        return alone


def _named(codes: Any, names: Any) -> Any:
    """Return codes as categories; code -1 is the last name."""
    words = list(dict.fromkeys(names))  # servers with a line each have one name
    places = np.array([words.index(name) for name in names])
    return pd.Categorical.from_codes(places[codes], categories=words)


@kernel
def number_servers(order, began, left, pool, batch, place, named, free, server, lo, hi):
    """Give each service the lowest number of a server of its pool who is free.

    order : (served,) who was served, in the order in which service began      began, left : (n,) minutes
    pool  : (n,) -1 = not served      batch : (P,) most served at a time by one
    place : (P,) where the servers of each pool begin in `free`; named : (P,) the number of the first of them
    free  : (servers,) until when each is busy, at first -inf  [written]      server : (n,)  [written]
    Who begins together with the one before her, and ends with her, has her server, up to `batch` people.
    """
    before, together = np.int64(-1), np.int64(0)
    for k in range(lo, hi):
        v = np.int64(order[k])
        p = np.int64(pool[v])
        same = before >= 0 and pool[before] == p and began[before] == began[v] and left[before] == left[v]
        if same and together < batch[p]:
            server[v] = server[before]
            together += 1
        else:
            s = place[p]
            while free[s] > began[v]:
                s += 1
            server[v] = s - place[p] + named[p]
            free[s] = left[v]
            together = np.int64(1)
        before = v


def servers(trace: Trace) -> Any:
    """Return the number of the server of each customer's last service, from 1 in each pool; 0 = not served.

    Servers with a line each are pools of one name, and are numbered on.
    """
    done = np.flatnonzero((trace.outcome == 0) & np.isfinite(trace.began))
    order = done[np.lexsort((done, trace.left[done], trace.pool[done], trace.began[done]))]
    pools = trace.layout.pools_named
    most, batch = np.array([pool.most for pool in pools]), np.array([pool.batch for pool in pools])
    place = np.cumsum(most) - most
    named = np.array([1 + sum(one.most for one in pools[:p] if one.name == pools[p].name) for p in range(len(pools))])
    free, number = np.full(most.sum(), -np.inf), np.zeros(len(trace.arrival), np.int32)
    columns = (order, trace.began, trace.left, trace.pool, batch, place, named)
    number_servers(*columns, free, number, 0, len(order))
    return number


def _notes(queue: Queue, plan: Layout) -> list[str]:
    """Return a line if the servers of a stage cannot keep up, so that the line grows as long as people come."""
    endless = queue.patience is None and all(kind.patience is None for kind in queue.kinds)
    limits = (queue.balking, queue.room)
    rate = queue.rate or (1.0 / queue.interarrival.expectation if queue.interarrival else 0.0)
    if not endless or not rate or any(limit is not None for limit in limits):
        return []
    contained = queue.bot.contained if queue.bot else 0.0
    again = 1.0 / (1.0 - queue.repeats.share) if queue.repeats and queue.repeats.share < 1 else 1.0
    for stage, mean in enumerate(plan.mean[0], start=1):
        speed = sum(p.usual * p.batch / p.pace for p in plan.pools_named if p.stage == stage)
        load = rate * (1.0 - contained) * again * mean
        if load >= speed:
            where = f" at stage {stage}" if queue.stages > 1 else ""
            return [
                f"the load of {load:.4g} erlangs{where} is not below its {speed:g} servers: the line grows as long as "
                "people come, and means and their standard errors are of this length of run alone"
            ]
    return []


def _kpis(traces: list[Trace], waiting_cost: float, server_cost: float, lost_cost: float, area: float) -> pd.DataFrame:
    waited, duty = sum(float(t.waited.sum()) for t in traces), sum(float(t.on_duty.sum()) for t in traces)
    busy, minutes = sum(float(t.busy.sum()) for t in traces), sum(t.ended for t in traces)
    lost = sum(int(((t.outcome > 0) & (t.outcome < 4)).sum()) for t in traces)
    came, denied = sum(int((t.outcome < 4).sum()) for t in traces), sum(int((t.outcome == 3).sum()) for t in traces)
    longest, use = max(t.longest for t in traces), min(1.0, busy / duty) if duty > 0 else np.nan
    prices = (waiting_cost * waited, server_cost * duty, lost_cost * lost)
    rows = [
        ("cost", "time waited", waited, "minutes"), ("cost", "cost of waiting", prices[0], "cu"),
        ("cost", "cost of servers", prices[1], "cu"), ("cost", "cost of lost customers", prices[2], "cu"),
        ("cost", "cost in all", sum(prices), "cu"),
        ("space", "waiting area used, mean", area * waited / minutes if minutes > 0 else np.nan, "m2"),
        ("space", "waiting area used, most in a line", area * longest, "m2"),
        ("quality", "came and was not served", lost / came if came else np.nan, "share"),
        ("buffer", "blocked for want of room", denied / came if came else np.nan, "share"),
        ("use", "servers in use", use, "share"), ("use", "servers idle", 1.0 - use, "share"),
        ("use", "servers idle, time", max(duty - busy, 0.0), "minutes"),
        ("coordination", "overtakings", sum(int(t.overtaken.sum()) for t in traces), "customers"),
        ("coordination", "changes to the line of call backs", sum(t.called_back for t in traces), "customers"),
        ("coordination", "comings in all", sum(int(t.tries.sum()) for t in traces), "comings"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["analogy", "measure", "value", "unit"])
