"""The service day against what is known of queues: long days, drawn with NumPy from stated seeds.

Each case is a day whose mean of something a formula gives. Means lie within three standard errors of batch means of
it; that such a test can fail is tested too: if all services take 5 % longer, every case says so.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abm.queues import rules as R
from abm.queues.rules import Day
from tests.queues.days import quiet_day, run

DATA = Path(__file__).parents[1] / "data"
BATCHES, WARM_UP, ERRORS = 30, 0.1, 3.0
ERLANG = json.loads((DATA / "erlang_reference.json").read_text("utf-8"))["grid"]
NAOR = json.loads((DATA / "naor_balking.json").read_text("utf-8"))
Measured = list[tuple[np.ndarray, float]]  # something for each person in the order of coming, and its mean by formula
Case = Callable[[float], Measured]


def batch_means(x: np.ndarray) -> tuple[float, float]:
    """Return the mean of x (people,) and its standard error from the means of batches, without the warm-up."""
    x = x[int(WARM_UP * len(x)) :]
    means = x[: len(x) // BATCHES * BATCHES].reshape(BATCHES, -1).mean(axis=1)
    return float(means.mean()), float(means.std(ddof=1) / math.sqrt(BATCHES))


def errors(x: np.ndarray, expected: float) -> float:
    """Return how many standard errors a mean is away from what is expected."""
    mean, error = batch_means(x)
    return abs(mean - expected) / error


def open_day(rng: np.random.Generator, people: int, rate: float, servers: int, **sizes: int) -> Day:
    """Return a day of Poisson arrivals at a rate, with some servers in each pool."""
    day = quiet_day(people, **sizes)
    day.wants[:, R.ARRIVAL] = np.cumsum(rng.exponential(1.0 / rate, people))
    day.pool_state[:, :, R.STAFF] = servers
    return day


def stationary(births: Sequence[float], deaths: Sequence[float]) -> np.ndarray:
    """Return the shares of time in states 0, 1, … of a birth-death process with these rates up, and down from 1."""
    weights = np.cumprod([1.0, *(up / down for up, down in zip(births, deaths, strict=True))])
    return weights / weights.sum()


def is_state(day: Day, state: int) -> np.ndarray:
    """Return 1 for everybody whose day ended like this."""
    return (day.person[:, R.STATE] == state).astype(np.float64)


def erlang_b(longer: float) -> Measured:
    """Ten servers and no place to wait, offered 8: a share of 0.1216611 is lost."""
    rng = np.random.default_rng(101)
    day = open_day(rng, 300_000, 8.0, 10)
    day.wants[:, R.NEED], day.rules[:, R.ROOM] = longer * rng.exponential(1.0, 300_000), 10.0
    run(day)
    return [(is_state(day, R.DENIED), 0.1216611)]


def erlang_c(longer: float) -> Measured:
    """Ten servers, offered 8: who waits, how long, and who is served within 0.25."""
    rng = np.random.default_rng(102)
    day = open_day(rng, 600_000, 8.0, 10)
    day.wants[:, R.NEED] = longer * rng.exponential(1.0, 600_000)
    run(day)
    waits = day.times[:, R.WAITED]
    return [(waits, 0.2045901), ((waits > 0) * 1.0, 0.4091802), ((waits <= 0.25) * 1.0, 0.7518197)]


def contact_centre(longer: float) -> Measured:
    """200 calls an hour of 3 minutes, 12 agents: 0.449388 wait, 40.44 s on average; 0.640158 at most 20 s."""
    rng = np.random.default_rng(103)
    day = open_day(rng, 600_000, 200.0 / 60.0, 12)
    day.wants[:, R.NEED] = longer * rng.exponential(3.0, 600_000)
    run(day)
    waits = day.times[:, R.WAITED]
    return [(waits, 0.01123471 * 60.0), ((waits > 0) * 1.0, 0.449388), ((waits <= 1.0 / 3.0) * 1.0, 0.640158)]


def impatient(servers: int, rate: float, mu: float, theta: float, seed: int, longer: float) -> Day:
    """Return a day of the Erlang A model: patience is exponential with rate theta."""
    rng, people = np.random.default_rng(seed), 400_000
    day = open_day(rng, people, rate, servers)
    day.wants[:, R.NEED] = longer * rng.exponential(1.0 / mu, people)
    day.wants[:, R.PATIENCE] = rng.exponential(1.0 / theta, people)
    run(day)
    return day


def erlang_a(servers: int, rate: float, mu: float, theta: float, lost: float, wait: float, waiting: float) -> Case:
    """Return a case of Erlang A: who gives up, the mean wait of all, and who has to wait."""

    def case(longer: float) -> Measured:
        day = impatient(servers, rate, mu, theta, 104 + servers, longer)
        waits = day.times[:, R.WAITED]
        return [(is_state(day, R.ABANDONED), lost), (waits, wait), ((waits > 0) * 1.0, waiting)]

    return case


def abandoning(servers: int, rate: float, lost: float) -> Case:
    """Return a case of Erlang A with services of mean 1 and patience of mean 2, of which the loss alone is known."""
    return lambda longer: [(is_state(impatient(servers, rate, 1.0, 0.5, 105, longer), R.ABANDONED), lost)]


def one_server(draw: Callable[[np.random.Generator, int], np.ndarray], second_moment: float) -> Case:
    """Return a case of M/G/1 with services of mean 1, busy 0.7 of the time.

    Source: formula of Pollaczek and Khinchine: the mean wait is rate x E[S^2] / (2 (1 - rate)).
    """

    def case(longer: float) -> Measured:
        rng = np.random.default_rng(106)
        day = open_day(rng, 1_000_000, 0.7, 1)
        day.wants[:, R.NEED] = longer * draw(rng, 1_000_000)
        run(day)
        return [(day.times[:, R.WAITED], 0.7 * second_moment / (2.0 * 0.3))]

    return case


def priorities(longer: float) -> Measured:
    """Rates 0.2 and 0.6, the first class served first: 2.0 and 6.0 in the system on average."""
    rng, people = np.random.default_rng(107), 1_500_000
    day = open_day(rng, people, 0.8, 1, lines=2, kinds=2)
    day.person[:, R.KIND] = rng.random(people) < 0.75
    day.lines[0, 1, R.RANK], day.joins[0, 0, 1], day.pools[:, :, R.SERVES] = 1, 2, 3
    need = longer * rng.exponential(1.0, people)
    day.wants[:, R.NEED] = need
    run(day)
    inside, low = day.times[:, R.LEFT] - day.wants[:, R.ARRIVAL], day.person[:, R.KIND] == 1
    return [(inside[~low], 2.0), (inside[low], 6.0)]


def little_room(longer: float) -> Measured:
    """One server and room for 5, rate 0.8: who is denied, and the mean time of the others, L / accepted rate."""
    rng, people = np.random.default_rng(108), 400_000
    day = open_day(rng, people, 0.8, 1)
    day.wants[:, R.NEED], day.rules[:, R.ROOM] = longer * rng.exponential(1.0, people), 5.0
    run(day)
    shares = stationary([0.8] * 5, [1.0] * 5)
    inside = (day.times[:, R.LEFT] - day.wants[:, R.ARRIVAL])[day.person[:, R.STATE] == R.SERVED]
    return [(is_state(day, R.DENIED), shares[5]), (inside, float(shares @ np.arange(6)) / (0.8 * (1.0 - shares[5])))]


def naor(row: dict[str, Any]) -> Case:
    """Return a case of people who join if the reward is worth the expected time: who balks, and the welfare a minute.

    Who finds n people expects n + 1 services, of which the wait that she accepts holds all but her own.
    """

    def case(longer: float) -> Measured:
        measured: Measured = []
        for most, welfare in ((row["n_self"], "welfare_self"), (row["n_social"], "welfare_social")):
            rng, people = np.random.default_rng(109), 600_000
            day = open_day(rng, people, row["lam"], 1)
            day.rules[:, [R.VISIBLE, R.BALKS]], day.wants[:, R.ACCEPTED] = 1.0, most - 1.0
            day.wants[:, R.NEED] = longer * rng.exponential(1.0, people)
            run(day)
            served, inside = is_state(day, R.SERVED), day.times[:, R.LEFT] - day.wants[:, R.ARRIVAL]
            measured.append((row["lam"] * (row["R"] * served - row["C"] * inside), row[welfare]))
            if welfare == "welfare_self":
                measured.append((1.0 - served, row["balk_prob_self"]))
                measured.append((row["lam"] * inside, row["mean_in_system_self"]))
        return measured

    return case


def repair(longer: float) -> Measured:
    """Six machines that fail after 5 on average, two who repair one in 1 each: the wait is L_q / rate of failures."""
    machines, crew, people = 6, 2, 600_000
    rng = np.random.default_rng(110)
    day = quiet_day(people)._replace(stride=machines)
    day.wants[:, R.ARRIVAL], day.wants[:, R.NEED] = rng.exponential(5.0, people), longer * rng.exponential(1.0, people)
    day.pool_state[:, :, R.STAFF] = crew
    day = day._replace(horizon=0.8 * people / machines * 6.0)  # before any machine has had all its failures
    run(day)
    came = np.flatnonzero(day.person[:, R.TRIES])
    came = came[np.argsort(day.wants[came, R.ARRIVAL])]
    shares = stationary([0.2 * (machines - k) for k in range(machines)], [min(k, crew) for k in range(1, machines + 1)])
    down = np.arange(machines + 1)
    rate = 0.2 * float(shares @ (machines - down))
    waits = day.times[came, R.WAITED]
    some = 1.0 - 0.2 * float(shares[:crew] @ (machines - down[:crew])) / rate  # who finds the whole crew busy
    return [(waits, float(shares @ np.maximum(down - crew, 0)) / rate), ((waits > 0) * 1.0, some)]


def tandem(longer: float) -> Measured:
    """Two servers one after the other, rate 0.7, services of rate 1 and 0.9: each is as if it were alone (Burke)."""
    rng, people = np.random.default_rng(111), 1_500_000
    day = open_day(rng, people, 0.7, 1, stages=2, lines=2, pools=2)
    day.lines[0, 1, R.AT_STAGE], day.joins[0, 1], day.pools[0, 1, R.SERVES] = 1, 2, 2
    day.wants[:, R.NEED], day.wants[:, R.NEED + 1] = rng.exponential(1.0, people), rng.exponential(1.0 / 0.9, people)
    day.wants[:, [R.NEED, R.NEED + 1]] *= longer
    run(day)
    first, second = day.times[:, R.FIRST_WAIT], day.times[:, R.WAITED] - day.times[:, R.FIRST_WAIT]
    return [(first, 0.7 / (1.0 - 0.7)), (second, (0.7 / 0.9) / (0.9 - 0.7))]


CASES: dict[str, Case] = {
    "Erlang B": erlang_b,
    "Erlang C": erlang_c,
    "contact centre": contact_centre,
    "Erlang A, 45 servers": abandoning(45, 48.0, 0.0836025),
    "Erlang A, 48 servers": abandoning(48, 48.0, 0.0476450),
    "Erlang A, 55 servers": abandoning(55, 48.0, 0.0086397),
    "Erlang A, patience as service": erlang_a(10, 10.0, 1.0, 1.0, 0.12511, 0.12511, 0.5420703),
    **{
        f"Erlang A, {row['n']} servers, rate {row['lam']:.4g}": erlang_a(
            row["n"], row["lam"], row["mu"], row["theta"], row["A_p_abandon"], row["A_EW"], row["A_p_wait"]
        )
        for row in ERLANG
        if row["n"] < 1000  # of that many servers a day of this length is too short
    },
    "M/D/1": one_server(lambda rng, n: np.ones(n), 1.0),
    "M/gamma/1": one_server(lambda rng, n: rng.gamma(2.0, 0.5, n), 1.5),
    "M/lognormal/1": one_server(lambda rng, n: rng.lognormal(-0.5 * math.log(2.0), math.sqrt(math.log(2.0)), n), 2.0),
    "priorities": priorities,
    "M/M/1/5": little_room,
    **{f"Naor, reward {row['R']}": naor(row) for row in NAOR},
    "repair": repair,
    "tandem": tandem,
}


@cache
def deviations(name: str, longer: float = 1.0) -> list[float]:
    """Return by how many standard errors the means of a case deviate if services take so much longer."""
    return [errors(x, expected) for x, expected in CASES[name](longer)]


@pytest.mark.parametrize("name", CASES)
def test_means_are_those_of_the_formula(name):
    assert max(deviations(name)) < ERRORS


@pytest.mark.parametrize("name", CASES)
def test_services_longer_by_a_twentieth_show(name):
    """A deviation of 5 % in one input is seen, so that the test above says something."""
    assert max(deviations(name, 1.05)) > ERRORS


def test_errors_are_neither_too_small_nor_too_large():
    """A twentieth of all means should deviate by more than two standard errors, and a third by more than one."""
    all_of_them = np.array([deviation for name in CASES for deviation in deviations(name)])
    assert len(all_of_them) > 50
    assert (all_of_them > 2.0).mean() < 0.12
    assert 0.15 < (all_of_them > 1.0).mean() < 0.5


@pytest.mark.parametrize(("servers", "rate", "theta"), [(1, 1.2, 0.5), (5, 4.0, 0.25), (10, 12.0, 2.0)])
def test_who_gives_up_is_patience_rate_times_mean_wait(servers, rate, theta):
    """With exponential patience P(abandon) = theta E[W], whatever the services: here they are all the same."""
    rng, people = np.random.default_rng(112), 400_000
    day = open_day(rng, people, rate, servers)
    day.wants[:, R.NEED], day.wants[:, R.PATIENCE] = 1.0, rng.exponential(1.0 / theta, people)
    run(day)
    assert errors(is_state(day, R.ABANDONED) - theta * day.times[:, R.WAITED], 0.0) < ERRORS
    assert errors(is_state(day, R.ABANDONED) - 1.05 * theta * day.times[:, R.WAITED], 0.0) > ERRORS
