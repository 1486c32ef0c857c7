"""What is measured of a queue: counts and sums by kind and batch in one pass, and from them means with standard errors.

Counted are all customers after the warm-up, in the order of arrival. A *batch* is a twentieth of those of a row; the
standard error of a measure is the spread of its 20 values by batch / √20 (method of batch means), or with several
replications the spread of their values / √replications.

    came          offered - contained - no-shows: who came to the line; in: served + abandoned
    p_wait        waited / in                               mean_wait    minutes waited in all lines, mean of in
    mean_delay    of those who waited                       mean_answer  of the served
    wait_80 …     quantiles of in                           service_level  served after at most `within` / came
    p_balk, p_abandon, p_deny   / came                      overtaken    overtaken by a later one / in
    mean_line     minutes waited by all / minutes from the first counted arrival to the end of arrivals (Little's law)
    utilisation   minutes of service / minutes on duty, from 0 to the last leaving, at most 1: who serves on after her
                  shift adds to the first alone; its batches are of single services, so it has none where there are more
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm.core.kernels import kernel
from abm.queues.queue import Queue
from abm.queues.rules import ABANDONED, BALKED, DENIED, SERVED
from abm.queues.running import OUTCOMES, Trace

BATCHES = 20
QUANTILES = (0.8, 0.9, 0.95)
WAITERS, WAITED, ANSWER, WITHIN, OVERTAKEN, ALL_WAITED, SERVICE = range(len(OUTCOMES), len(OUTCOMES) + 7)
SUMS = len(OUTCOMES) + 7
COUNTS = tuple(name.replace("no-show", "no_shows") for name in OUTCOMES)
MEASURES = (
    "p_wait", "mean_wait", "mean_delay", "wait_80", "wait_90", "wait_95", "mean_answer", "service_level", "p_balk",
    "p_abandon", "p_deny", "overtaken", "mean_line", "utilisation",
)  # fmt: skip
COLUMNS = (  # of a summary
    "kind", "offered", *COUNTS, *(name for one in MEASURES for name in (one, f"{one}_se")), "longest_line",
)  # fmt: skip
Array = NDArray[np.float64]


@kernel(double=True)
def add_up(outcome, waited, began, left, overtaken, kind, only, counted, first, limit, sums, lo, hi):
    """Add up what became of customers, by batch.

    only  : kind whose customers are added, -1 = all      counted : of them there are so many from row `first` on
    limit : (1,) minutes, the longest wait of good service
    sums  : (batches, SUMS) float64  [written]  customer k of those counted is of batch k x batches // counted;
            columns: customers by outcome; of served and abandoned: who waited, minutes waited; of served: minutes
            waited, who waited at most the limit; of both: who was overtaken; of all: minutes waited; of served:
            minutes of the last service
    """
    k, batches = np.int64(0), sums.shape[0]
    for v in range(first, hi):
        if only < 0 or kind[v] == only:
            row = k * batches // counted
            k += 1
            came, wait = np.int64(outcome[v]), waited[v]
            sums[row, came] += 1.0
            sums[row, ALL_WAITED] += wait
            if came == SERVED or came == ABANDONED:
                sums[row, WAITERS] += 1.0 if wait > 0.0 else 0.0
                sums[row, WAITED] += wait
                sums[row, OVERTAKEN] += 1.0 if overtaken[v] > 0 else 0.0
            if came == SERVED:
                sums[row, ANSWER] += wait
                sums[row, WITHIN] += 1.0 if wait <= limit[0] else 0.0
                sums[row, SERVICE] += left[v] - began[v]


def summary(queue: Queue, traces: list[Trace], first: list[int], within: float) -> pd.DataFrame:
    """Return a row for all customers and, if there are several, for each kind: counts and MEASURES, with `_se` each.

    first : by replication, the first customer who is counted      within : minutes
    """
    rows = []
    for only, name in enumerate(("all", *(kind.name for kind in queue.kinds)), start=-1):
        found = [_measured(queue, trace, start, only, within) for trace, start in zip(traces, first, strict=True)]
        offered, counts = sum(one[3] for one in found), sum((one[0] for one in found), np.zeros(len(COUNTS), np.int64))
        means, errors = _together([one[1] for one in found], [one[2] for one in found])
        row: dict[str, Any] = {"kind": name, "offered": offered}
        row |= dict(zip(COUNTS, (int(n) for n in counts), strict=True))
        for k, measure in enumerate(MEASURES):
            row |= {measure: means[k], f"{measure}_se": errors[k]}
        row["longest_line"] = max(trace.longest for trace in traces) if only < 0 else np.nan
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def _together(means: list[Array], batches: list[Array]) -> tuple[Array, Array]:
    """Return the measures over replications, and their standard errors."""
    values = np.array(means) if len(means) > 1 else batches[0]
    spread = np.full(values.shape[1], np.nan)
    if len(values) > 1:
        known = np.isfinite(values).all(axis=0)
        spread[known] = values[:, known].std(axis=0, ddof=1) / np.sqrt(len(values))
    return np.mean(means, axis=0), spread


def _measured(
    queue: Queue, trace: Trace, first: int, only: int, within: float
) -> tuple[NDArray[np.int64], Array, Array, int]:
    """Return counts by outcome, measures of all counted, measures by batch (batches, measures), and how many."""
    kind = trace.people.kind
    own = slice(first, None) if only < 0 else np.flatnonzero(kind[first:] == only) + first
    arrival = trace.arrival[own]
    n = len(arrival)
    batches = BATCHES if n >= BATCHES else 1
    sums = np.zeros((batches, SUMS))
    columns = (trace.outcome, trace.waited, trace.began, trace.left, trace.overtaken, kind)
    add_up(*columns, only, max(n, 1), first, np.array([within]), sums, 0, len(trace.arrival))
    outcome, waited = trace.outcome[own], trace.waited[own]
    edges = -(-np.arange(batches + 1) * n // batches)
    ends = np.append(arrival, _end(trace))[np.minimum(edges, n)]
    inside = (outcome == SERVED) | (outcome == ABANDONED)
    parts = [waited[a:b] if inside[a:b].all() else waited[a:b][inside[a:b]] for a, b in pairwise(edges)]
    quantiles = np.array([_quantiles(part) for part in parts])
    each = _ratios(sums, quantiles, np.diff(ends), _servers(trace) if _single(queue, trace) and only < 0 else np.nan)
    whole = waited if inside.all() else waited[inside]
    total = sums.sum(axis=0)
    span = np.array([ends[-1] - (0.0 if first == 0 else ends[0])])
    means = _ratios(total[None, :], _quantiles(whole)[None, :], span, np.nan)[0]
    if only < 0:
        means[-1] = min(1.0, trace.busy.sum() / trace.on_duty.sum()) if trace.on_duty.sum() > 0 else np.nan
    return np.rint(total[: len(OUTCOMES)]).astype(np.int64), means, each, n


def _end(trace: Trace) -> float:
    """Return until when people came: the end of the time stated, else the last arrival."""
    horizon = trace.people.horizon
    return float(horizon if np.isfinite(horizon) else trace.arrival.max(initial=0.0))


def _servers(trace: Trace) -> float:
    return float(trace.on_duty.sum() / trace.ended) if trace.ended > 0 else np.nan


def _single(queue: Queue, trace: Trace) -> bool:
    """Return whether everybody is served once at most, by herself, so that minutes of service are known by customer."""
    alone = all(pool.batch == 1 for pool in trace.layout.pools_named)
    return queue.stages == 1 and queue.repeats is None and alone


def _quantiles(waited: Array) -> Array:
    """Return the QUANTILES of waits: the least of which at least that share is at or below it."""
    n = len(waited)
    if n == 0:
        return np.full(len(QUANTILES), np.nan)
    places = [max(int(np.ceil(share * n - 1e-9)) - 1, 0) for share in QUANTILES]
    return np.partition(waited, places)[places]


def _ratios(sums: Array, quantiles: Array, minutes: Array, servers: float) -> Array:
    """Return MEASURES (rows,) of sums (rows, SUMS), quantiles (rows, 3) and the minutes that each row took."""
    inside = sums[:, SERVED] + sums[:, ABANDONED]
    came = inside + sums[:, BALKED] + sums[:, DENIED]
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = [sums[:, WAITERS] / inside, sums[:, WAITED] / inside, sums[:, WAITED] / sums[:, WAITERS]]
        columns += [*quantiles.T, sums[:, ANSWER] / sums[:, SERVED], sums[:, WITHIN] / came]
        columns += [sums[:, BALKED] / came, sums[:, ABANDONED] / came, sums[:, DENIED] / came]
        columns += [sums[:, OVERTAKEN] / inside, sums[:, ALL_WAITED] / minutes]
        columns += [sums[:, SERVICE] / (minutes * servers)]
    found = np.stack(columns, axis=1)
    return np.where(np.isfinite(found), found, np.nan)
