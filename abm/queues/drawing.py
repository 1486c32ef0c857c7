"""Kernels that draw what customers of a queue want, column by column; each draw has the address of who it is about."""

from __future__ import annotations

import numpy as np

from abm.core.distributions import EXPONENTIAL, draw, exponential_quantile, tabulated
from abm.core.kernels import kernel
from abm.core.streams import uniform4

TABLE = 6  # code of a distribution whose quantiles are tabulated, after those of `draw`


@kernel(double=True)
def draw_luck(luck, stride, number, key, replication, lo, hi):
    """Draw four uniforms for each customer.

    luck   : (4, n) float32  words 0 to 3 of uniform4(key, who, 0, (number << 16) | nth, replication)  [written]
    stride : 0: who = v and nth = 0;  else who = v mod stride and nth = v div stride, her visit
    """
    if stride == 0:
        for v in range(lo, hi):
            a, b, c, d = uniform4(key, v, 0, number << 16, replication)
            luck[0, v], luck[1, v], luck[2, v], luck[3, v] = a, b, c, d
    else:
        for v in range(lo, hi):
            nth = (number << 16) | (np.int64(v) // stride)
            a, b, c, d = uniform4(key, np.int64(v) % stride, 0, nth, replication)
            luck[0, v], luck[1, v], luck[2, v], luck[3, v] = a, b, c, d


@kernel(double=True)
def quantiles(out, luck, kind, codes, a, b, tables, lo, hi):
    """Turn a row of uniforms into values, each by the distribution of the customer's kind.

    out    : (n,) float64  the quantile of luck (n,) float32, worked out in float32  [written]
    kind   : (n,) from 0;  codes, a, b : (kinds,) as of `Distribution.numbers`, a and b float32; TABLE = tabulated
    tables : (kinds, points) float32  quantiles as of `distributions.table`; used where the code is TABLE
    """
    for k in range(codes.shape[0]):
        code, own, first, second, values = codes[k], np.int64(k), a[k], b[k], tables[k]
        if code == EXPONENTIAL:
            for v in range(lo, hi):
                out[v] = exponential_quantile(luck[v], first) if kind[v] == own else out[v]
        elif code == TABLE:
            for v in range(lo, hi):
                out[v] = tabulated(values, luck[v]) if kind[v] == own else out[v]
        else:
            for v in range(lo, hi):
                out[v] = draw(code, first, second, luck[v]) if kind[v] == own else out[v]


@kernel(double=True)
def pick_kinds(kind, luck, upper, lo, hi):
    """Give each customer a kind: the number of `upper` bounds that are at most her uniform.

    kind : (n,) int8  [written]     luck : (n,) float32     upper : (kinds - 1,) cumulated shares
    """
    for v in range(lo, hi):
        kind[v] = 0
    for k in range(upper.shape[0]):
        for v in range(lo, hi):
            kind[v] += np.int8(1) if luck[v] >= upper[k] else np.int8(0)


@kernel(double=True)
def cumulate(arrival, lo, hi):
    """Turn times between arrivals into times of arrival, added one after the other from 0.  arrival (n,)  [written]"""
    t = 0.0
    for v in range(lo, hi):
        t += arrival[v]
        arrival[v] = t


@kernel(double=True)
def warp(arrival, rates, interval, lo, hi):
    """Turn times at which a process of rate 1 has arrivals into those of a rate that changes: Λ^-1 of each.

    Λ(t) is the integral of the rate from 0 to t, linear within an interval. A time at which Λ is level is never given.
    arrival : (n,) in order  [written]    rates : (intervals,) a minute, again and again    interval : (1,) minutes
    """
    length, k, begins, done = interval[0], np.int64(0), 0.0, 0.0
    for v in range(lo, hi):
        area = rates[k % rates.shape[0]] * length
        while done + area < arrival[v]:
            done += area
            k += 1
            begins = k * length
            area = rates[k % rates.shape[0]] * length
        arrival[v] = begins + (arrival[v] - done) / rates[k % rates.shape[0]]
