"""Waiting line: who waits for a free server, how long, and who gives up.

Claim: visitors are served in the order of arrival by whoever is free first; a wait beyond her patience drives
a visitor away, and a shorter one is resented minute by minute.
Source: the written specification of the theory, without a look at its kernel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tests.reference.accounts import hundredths

EXAMPLE: dict[str, Any] = {
    "minutes_open": 3000.0,
    "service_minutes": 10.0,
    "patience_minutes": 20.0,
    "annoyance": 0.01,
    "resentment": 0.1,
}
SERVED, ABANDONED = "served", "abandoned"


def exponential(u: float, mean: float) -> float:
    """Return the exponential quantile -mean ln(1 - u)."""
    return -mean * math.log(1.0 - u)


def draws(words_u: Sequence[float], parameters: dict[str, Any]) -> tuple[float, float, float]:
    """Return a visitor's arrival, service time and patience, minutes, from three uniforms in this order."""
    arrival = parameters["minutes_open"] * words_u[0]
    service = exponential(words_u[1], parameters["service_minutes"])
    patience = exponential(words_u[2], parameters["patience_minutes"])
    return arrival, service, patience


def serve(
    arrivals: Sequence[float],
    services: Sequence[float],
    patiences: Sequence[float],
    servers: int,
    free: Sequence[float],
    minutes_open: float,
) -> tuple[list[str], list[float], list[float]]:
    """Return each visitor's outcome and wait, in the order given, and when each server is free, ascending.

    free : minute from opening from which each server is free; what is returned counts from the next opening

    Without servers there is no line: everybody is served at once.
    """
    outcomes, waits = [SERVED] * len(arrivals), [0.0] * len(arrivals)
    if servers == 0:
        return outcomes, waits, []
    busy_until = list(free)
    for i in sorted(range(len(arrivals)), key=lambda i: arrivals[i]):  # a stable sort: equals stay as listed
        first = busy_until.index(min(busy_until))
        begin = max(arrivals[i], busy_until[first])
        waits[i] = begin - arrivals[i]
        if waits[i] > patiences[i]:
            outcomes[i], waits[i] = ABANDONED, patiences[i]
        else:
            busy_until[first] = begin + services[i]
    return outcomes, waits, sorted(minute - minutes_open for minute in busy_until)


def resented_wait(wait: float, parameters: dict[str, Any]) -> float:
    """Return min(1, annoyance * wait), taken from the satisfaction with the visit before it is clipped."""
    return min(1.0, parameters["annoyance"] * wait)


def after_giving_up(value: float, parameters: dict[str, Any]) -> float:
    """Return expectation, or the satisfaction of who used the firm before, after giving up: (1 - resentment) of it."""
    return value * (1.0 - parameters["resentment"])


def staffing_cents(servers: int, wage: float) -> int:
    """Return what the servers cost in a period, cents; wage in cu."""
    return hundredths(servers * wage)
