"""Service times of any shape: their coefficient of variation decides how long the line is.

With the offered load ρ = λ m (one server), mean service time m, coefficient of variation v (standard deviation / mean;
0 = always the same, 1 = exponential), and the residual work that is found in service, W_0 = λ m² (1 + v²) / 2:

    M/G/1   Pollaczek-Khinchine   E[W] = W_0 / (1 - ρ)                                     exact
    G/G/c   Allen-Cunneen         E[W] ≈ E[W of M/M/c] (v_a² + v²) / 2                     an approximation
            v_a: coefficient of variation of the times between arrivals; exact for M/M/c and M/G/1
Source: Pollaczek 1930, Khinchine 1932; Allen 1978 after a result of Cunneen: all from memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from abm.queues.checks import SHORTEST, FloatArray, numbers, one_server
from abm.queues.erlang import patient_line


@dataclass(frozen=True, eq=False)
class Line:
    """Means of a line in the long run; every field has the same shape.

    occupancy  : share of time that a server is busy, 0-1      mean_wait : E[W], minutes, of all
    mean_queue : E[Q], customers who wait
    """

    occupancy: FloatArray
    mean_wait: FloatArray
    mean_queue: FloatArray


def pollaczek_khinchine(rate: ArrayLike, minutes: ArrayLike, variation: ArrayLike) -> Line:
    """Return what M/G/1 is like in the long run, in the shape to which the numbers broadcast.

    rate      : λ, arrivals a minute, at least 0      minutes : m, mean service time, above 0
    variation : v of service times, at least 0
    Any other unit of time will do if both are in it. Raises Refusal for numbers out of range, and for λ m >= 1.
    """
    come, took = numbers("rate", rate, unit="1/minute"), numbers("minutes", minutes, SHORTEST, unit="minutes")
    come, took, v = np.broadcast_arrays(come, took, numbers("variation", variation, unit="standard deviation / mean"))
    load = come * took
    one_server(load)
    wait = come * took**2 * (1.0 + v**2) / 2.0 / (1.0 - load)
    return Line(load, wait, come * wait)


def allen_cunneen(
    rate: ArrayLike, minutes: ArrayLike, servers: ArrayLike, variation: ArrayLike, arrival_variation: ArrayLike = 1.0
) -> Line:
    """Return about what G/G/c is like in the long run, in the shape to which the numbers broadcast: an approximation.

    rate      : λ, arrivals a minute, at least 0           minutes : m, mean service time, above 0
    servers   : c, at least 1                              variation : v of service times, at least 0
    arrival_variation : v_a of times between arrivals, at least 0; 1 = arrivals at random
    It is exact for M/M/c and M/G/1, and best under a high load. Raises Refusal for numbers out of range, and for a
    load of c or more.
    """
    exact = patient_line(rate, minutes, servers)
    served = numbers("variation", variation, unit="standard deviation / mean")
    came = numbers("arrival_variation", arrival_variation, unit="standard deviation / mean")
    factor = (came**2 + served**2) / 2.0
    occupancy, wait, queue = np.broadcast_arrays(exact.occupancy, exact.mean_wait * factor, exact.mean_queue * factor)
    return Line(occupancy, wait, queue)
