"""How many servers: for a service level, for each interval of a day, or at the least cost.

Claim: in each interval the line is as it would be in the long run under that interval's rate (each interval stationary,
none inherits a line from the one before). That is good where a service is short beside an interval and no interval is
overloaded; where a line is carried over, simulate the day.

    fewest c with P(answered within t) >= share; Erlang C without patience (c > a), Erlang A with it
    square-root rule   c = ⌈a + β √a⌉,   P(wait) ≈ 1 / (1 + β Φ(β) / φ(β))   for large loads (Halfin-Whitt, no patience)
    cost an hour       wage c + 60 (waiting_cost E[Q] + abandonment_cost λ P(abandon))
Source: Halfin & Whitt 1981 (the rule): from memory; 80 % in 20 seconds is a convention of the industry.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from abm.core.errors import Refusal
from abm.queues.checks import MOST, SHORTEST, FloatArray, alike, column, count, number, numbers
from abm.queues.erlang import ErlangC, patient_line
from abm.queues.impatience import ErlangA, impatient_line

SECONDS_20 = 20.0 / 60.0  # minutes
_AN_HOUR = 60.0  # minutes
_COLUMNS = ("servers", "square_root", "occupancy", "p_wait", "mean_answer", "service_level", "p_abandon")


def steady_line(rate: float, minutes: float, servers: int, patience: float | None = None) -> ErlangC | ErlangA:
    """Return the line in the long run: Erlang C, or with `patience`, in minutes, Erlang A; refusals as of these."""
    if patience is None:
        return patient_line(number("rate", rate), number("minutes", minutes), count("servers", servers))
    return impatient_line(rate, minutes, servers, patience)


def servers_for(
    rate: float, minutes: float, share: float = 0.8, within: float = SECONDS_20, patience: float | None = None
) -> int:
    """Return the fewest servers with which `share` of all who call are answered within `within` minutes.

    rate     : λ, arrivals a minute, at least 0; at 0 nobody is needed      minutes : m, mean service time, above 0
    share    : from 0 to below 1; who hangs up counts as not answered       within  : minutes, at least 0
    patience : g, mean minutes until a waiting customer hangs up, above 0; None = nobody hangs up

    Raises Refusal for numbers out of range, and where more than a million servers would be needed.
    """
    load, fewest = _load(rate, minutes, patience)
    goal, until = number("share", share, 0.0, 1.0), number("within", within, unit="minutes")
    if goal == 1.0:
        raise Refusal("= 1 is beyond any number of servers, as arrivals are random; state 0.99 or so", place="share")
    if load == 0.0:
        return 0
    line = _lines(rate, minutes, patience)
    return _first(lambda c: float(line(c).answered_within(until)) >= goal, fewest, square_root_servers(load))


def cheapest_servers(
    rate: float,
    minutes: float,
    wage: float,
    waiting_cost: float = 0.0,
    abandonment_cost: float = 0.0,
    patience: float | None = None,
) -> int:
    """Return the number of servers at the least cost an hour, the smallest of equals.

    rate, minutes, patience : as of `servers_for`, and so are the refusals      wage : money a server and hour, above 0
    waiting_cost     : money for each minute that a customer waits, at least 0
    abandonment_cost : money for each customer who hangs up, at least 0; without patience nobody does

    Without patience there are always more servers than the load. All numbers of servers that could be cheaper than
    the best found are tried: the cost need not be convex where patience is short.
    """
    load, fewest = _load(rate, minutes, patience)
    paid = number("wage", wage, SHORTEST, unit="money a server and hour")
    if load == 0.0:
        return 0
    costs = (paid, *_costs(waiting_cost, abandonment_cost))
    line = _lines(rate, minutes, patience)
    best = max(square_root_servers(load), fewest)
    least = hourly_cost(line(best), rate, *costs)
    gone = costs[2] + costs[1] * (patience or 0.0)  # money for each who hangs up, her wait included
    c = fewest
    while paid * c <= least:
        unserved = max(rate - c / minutes, 0.0)  # so many a minute hang up at least
        if paid * c + _AN_HOUR * gone * unserved <= least:
            cost = hourly_cost(line(c), rate, *costs)
            if cost < least or (cost == least and c < best):
                best, least = c, cost
        c += 1
    return best


def hourly_cost(
    line: ErlangC | ErlangA, rate: float, wage: float, waiting_cost: float = 0.0, abandonment_cost: float = 0.0
) -> float:
    """Return wage c + 60 (waiting_cost E[Q] + abandonment_cost λ P(abandon)), money an hour, of a line in the long run.

    line : as `steady_line` returns it, under the arrivals a minute that `rate` says; the costs as of `cheapest_servers`
    """
    waiting, hanging_up = _costs(waiting_cost, abandonment_cost)
    gone = number("rate", rate, unit="1/minute") * float(line.p_abandon)
    paid = number("wage", wage, unit="money a server and hour") * float(line.servers)
    return paid + _AN_HOUR * (waiting * float(line.mean_queue) + hanging_up * gone)


def square_root_servers(load: float, beta: float = 1.0) -> int:
    """Return the square-root rule ⌈a + β √a⌉: the load, and a reserve that grows with its root.

    load : a, erlangs, at least 0      beta : β, any number; below 0 only where customers hang up
    """
    much = number("load", load, unit="erlangs")
    return max(0, math.ceil(much + number("beta", beta, -math.inf) * math.sqrt(much)))


def square_root_delay(beta: ArrayLike) -> FloatArray:
    """Return about the share who wait under the rule, 1 / (1 + β Φ(β) / φ(β)), 0-1, in the shape of β.

    beta : β, at least 0; it is the limit for large loads without patience (Halfin-Whitt)
    """
    reserve = numbers("beta", beta)
    with np.errstate(divide="ignore"):  # of 0, at which everybody waits
        odds = np.log(reserve) + norm.logcdf(reserve) - norm.logpdf(reserve)
    return expit(-odds)[()]


def square_root_reserve(p_wait: float) -> float:
    """Return the β under which about the share `p_wait` waits, the inverse of `square_root_delay`; above 0, up to 1."""
    share = number("p_wait", p_wait, 1e-12, 1.0)
    return float(brentq(lambda beta: float(square_root_delay(beta)) - share, 0.0, 10.0)) if share < 1.0 else 0.0


def staffing(
    calls: ArrayLike | pd.Series,
    minutes: ArrayLike,
    interval: float = 30.0,
    share: float = 0.8,
    within: float = SECONDS_20,
    patience: float | None = None,
    beta: float = 1.0,
) -> pd.DataFrame:
    """Return a row for each interval of a day, with the fewest servers that keep the service level in each.

    calls    : (n,), expected number of calls in each interval, at least 0; a Series names the intervals by its index
    minutes  : mean service time, above 0: one number, or one for each interval
    interval : length of an interval, minutes, above 0      beta : of the square-root rule in the column square_root
    share, within, patience : as of `servers_for`, and so are the refusals

    Columns: interval, calls, servers, square_root (servers by that rule, to compare), occupancy, p_wait, mean_answer
    (minutes, of who is answered), service_level (share of all answered within `within`), p_abandon. What is said of
    callers is NaN in an interval without calls, and occupancy where there is nobody to be busy.
    Each interval is taken as stationary: no line is handed over from one to the next.
    """
    names = calls.index if isinstance(calls, pd.Series) else None
    expected = column("calls", calls, unit="calls")
    took = alike("minutes", minutes, expected.size, SHORTEST, unit="minutes")
    rates = expected / number("interval", interval, SHORTEST, unit="minutes")
    rows = []
    for rate, m in zip(rates.tolist(), took.tolist(), strict=True):
        servers = servers_for(rate, m, share, within, patience)
        rows.append((servers, square_root_servers(rate * m, beta), *_described(rate, m, servers, within, patience)))
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    table.insert(0, "calls", expected)
    table.insert(0, "interval", np.arange(expected.size) if names is None else names.to_numpy())
    return table


def _described(rate: float, minutes: float, servers: int, until: float, patience: float | None) -> tuple[float, ...]:
    if servers == 0:  # as nobody calls
        return (math.nan,) * 5
    line = steady_line(rate, minutes, servers, patience)
    level = line.answered_within(until)
    return tuple(float(x) for x in (line.occupancy, line.p_wait, line.mean_answer, level, line.p_abandon))


def _first(holds: Callable[[int], bool], fewest: int, start: int) -> int:
    """Return the smallest number from `fewest` on that holds, if whatever is above one that holds does, too."""
    low, high, step = fewest - 1, min(max(start, fewest), MOST), 1
    while not holds(high):
        if high == MOST:
            raise Refusal(f"cannot be kept with {MOST:,} servers; state fewer calls or a lower share", place="share")
        low, high, step = high, min(high + step, MOST), 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _load(rate: float, minutes: float, patience: float | None) -> tuple[float, int]:
    """Return the offered load, erlangs, and the fewest servers that can be asked about."""
    load = number("rate", rate, unit="1/minute") * number("minutes", minutes, SHORTEST, unit="minutes")
    if load >= MOST:
        raise Refusal(
            f"= {float(rate):g} makes a load of {load:g} erlangs, and {MOST:,} servers are the most that can be asked "
            "about; state fewer calls or shorter services",
            place="rate",
        )
    if patience is None:
        return load, math.floor(load) + 1
    number("patience", patience, SHORTEST, unit="minutes")
    return load, 1


def _lines(rate: float, minutes: float, patience: float | None) -> Callable[[int], ErlangC | ErlangA]:
    return lambda servers: steady_line(rate, minutes, servers, patience)


def _costs(waiting_cost: float, abandonment_cost: float) -> tuple[float, float]:
    waiting = number("waiting_cost", waiting_cost, unit="money a minute")
    return waiting, number("abandonment_cost", abandonment_cost, unit="money a customer")
