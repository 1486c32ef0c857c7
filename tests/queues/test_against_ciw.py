"""The service day against Ciw, a library of queueing simulation of others: four networks, each with its own luck.

Source: G. I. Palmer, V. A. Knight, P. R. Harper and A. L. Hawa (2019), "Ciw: An open-source discrete event simulation
library", Journal of Simulation 13(1), 68-82.  Means differ by at most three standard errors, combined, of batch means.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from abm.queues import rules as R
from abm.queues.rules import Day
from tests.queues.days import quiet_day, run

ciw = pytest.importorskip("ciw")

PEOPLE, ERRORS, BATCHES, WARM_UP = 300_000, 3.0, 25, 0.1  # of ours; of theirs there are as many as the time brings
TIME = 20_000.0  # that their day lasts


def batch_means(x: np.ndarray) -> tuple[float, float]:
    """Return the mean of x (people,) and its standard error from the means of batches, without the warm-up."""
    x = x[int(WARM_UP * len(x)) :]
    means = x[: len(x) // BATCHES * BATCHES].reshape(BATCHES, -1).mean(axis=1)
    return float(means.mean()), float(means.std(ddof=1) / math.sqrt(BATCHES))


_days: dict[int, list[Any]] = {}  # of Ciw by seed, as they take the most time


def theirs(network: Any, seed: int) -> list[Any]:
    """Return the records of a day of Ciw in the order of coming."""
    if seed not in _days:
        ciw.seed(seed)
        day = ciw.Simulation(network)
        day.simulate_until_max_time(TIME)
        _days[seed] = sorted(day.get_all_records(), key=lambda record: record.arrival_date)
    return _days[seed]


def ours(people: int, rate: float, seed: int, **sizes: int) -> tuple[Day, np.random.Generator]:
    """Return a day of Poisson arrivals at a rate."""
    rng = np.random.default_rng(seed)
    day = quiet_day(people, **sizes)
    day.wants[:, R.ARRIVAL] = np.cumsum(rng.exponential(1.0 / rate, people))
    return day, rng


def waits(records: list[Any], **those: Any) -> np.ndarray:
    """Return the waits of the records of which these things are so."""
    chosen = [r.waiting_time for r in records if all(getattr(r, name) == value for name, value in those.items())]
    return np.array(chosen)


def two_servers(slower: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """M/M/2, rate 1.4: waits, and who waits."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(1.4)],
        service_distributions=[ciw.dists.Exponential(1.0)],
        number_of_servers=[2],
    )
    day, rng = ours(PEOPLE, 1.4, 201)
    day.wants[:, R.NEED], day.pool_state[:, :, R.STAFF] = slower * rng.exponential(1.0, PEOPLE), 2
    run(day)
    own, other = day.times[:, R.WAITED], waits(theirs(network, 1))
    return [(own, other), ((own > 0.0) * 1.0, (other > 0.0) * 1.0)]


def two_classes(slower: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """M/M/1 with two classes, rates 0.2 and 0.4, the first served first: the waits of each."""
    network = ciw.create_network(
        arrival_distributions={"a": [ciw.dists.Exponential(0.2)], "b": [ciw.dists.Exponential(0.4)]},
        service_distributions={"a": [ciw.dists.Exponential(1.0)], "b": [ciw.dists.Exponential(1.0)]},
        priority_classes={"a": 0, "b": 1},
        number_of_servers=[1],
    )
    day, rng = ours(PEOPLE, 0.6, 202, lines=2, kinds=2)
    day.person[:, R.KIND] = rng.random(PEOPLE) < 0.4 / 0.6
    day.lines[0, 1, R.RANK], day.joins[0, 0, 1], day.pools[:, :, R.SERVES] = 1, 2, 3
    day.wants[:, R.NEED] = slower * rng.exponential(1.0, PEOPLE)
    run(day)
    records, kind, own = theirs(network, 2), day.person[:, R.KIND], day.times[:, R.WAITED]
    return [(own[kind == k], waits(records, customer_class=name)) for k, name in enumerate("ab")]


def two_stages(slower: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two servers one after the other with a line of any length between, services all alike and gamma: the waits."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(0.6), None],
        service_distributions=[ciw.dists.Deterministic(1.0), ciw.dists.Gamma(2.0, 0.55)],
        number_of_servers=[1, 1],
        routing=[[0.0, 1.0], [0.0, 0.0]],
    )
    day, rng = ours(PEOPLE, 0.6, 203, stages=2, lines=2, pools=2)
    day.lines[0, 1, R.AT_STAGE], day.joins[0, 1], day.pools[0, 1, R.SERVES] = 1, 2, 2
    day.wants[:, R.NEED], day.wants[:, R.NEED + 1] = slower, slower * rng.gamma(2.0, 0.55, PEOPLE)
    run(day)
    records, first = theirs(network, 3), day.times[:, R.FIRST_WAIT]
    return [(first, waits(records, node=1)), (day.times[:, R.WAITED] - first, waits(records, node=2))]


def impatient(slower: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Three servers, rate 3, lognormal services, patience uniform up to 2: who gives up, and others' waits."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(3.0)],
        service_distributions=[ciw.dists.Lognormal(-0.125, 0.5)],
        number_of_servers=[3],
        reneging_time_distributions=[ciw.dists.Uniform(0.0, 2.0)],
    )
    day, rng = ours(PEOPLE, 3.0, 204)
    day.wants[:, R.NEED], day.pool_state[:, :, R.STAFF] = slower * rng.lognormal(-0.125, 0.5, PEOPLE), 3
    day.wants[:, R.PATIENCE] = rng.uniform(0.0, 2.0, PEOPLE)
    run(day)
    records = theirs(network, 4)
    lost, gone = day.person[:, R.STATE] == R.ABANDONED, np.array([r.record_type == "renege" for r in records])
    return [(lost * 1.0, gone * 1.0), (day.times[~lost, R.WAITED], waits(records, record_type="service"))]


NETWORKS: list[Callable[[float], list[tuple[np.ndarray, np.ndarray]]]] = [
    two_servers,
    two_classes,
    two_stages,
    impatient,
]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_service_longer_by_a_tenth_would_be_seen(network):
    """What is compared is compared closely enough to say something."""
    far = []
    for own, other in network(1.1):
        (mean, error), (their_mean, their_error) = batch_means(own), batch_means(other)
        far.append(abs(mean - their_mean) / math.hypot(error, their_error))
    assert max(far) > ERRORS


@pytest.mark.parametrize("network", NETWORKS)
def test_two_simulations_agree(network):
    for own, other in network(1.0):
        (mean, error), (their_mean, their_error) = batch_means(own), batch_means(other)
        assert abs(mean - their_mean) < ERRORS * math.hypot(error, their_error)
