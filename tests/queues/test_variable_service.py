"""Variable service times: by hand, M/M/1 as a case, the approximation where it is exact, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers

from abm.core.errors import Refusal
from abm.queues.erlang import patient_line
from abm.queues.variable_service import allen_cunneen, pollaczek_khinchine

parts = floats(0.01, 0.99)
variations = floats(0.0, 5.0)


def test_by_hand():
    """λ = 1/2, m = 1: always the same 1/2 a minute, exponential 1, and two kinds of service, 0.5 or 1.5, 0.625."""
    assert pollaczek_khinchine(0.5, 1.0, [0.0, 1.0, 0.5]).mean_wait.tolist() == [0.5, 1.0, 0.625]
    assert pollaczek_khinchine(0.5, 1.0, 0.0).mean_queue == 0.25


@given(part=parts, minutes=floats(0.1, 20.0))
def test_exponential_service_is_one_server_of_erlang(part, minutes):
    found, line = pollaczek_khinchine(part / minutes, minutes, 1.0), patient_line(part / minutes, minutes, 1)
    assert found.mean_wait == pytest.approx(float(line.mean_wait), rel=1e-10)
    assert found.mean_queue == pytest.approx(float(line.mean_queue), rel=1e-10)


@given(part=parts, variation=variations)
def test_the_approximation_is_exact_with_one_server(part, variation):
    exact, about = pollaczek_khinchine(part, 1.0, variation), allen_cunneen(part, 1.0, 1, variation)
    assert about.mean_wait == pytest.approx(float(exact.mean_wait), rel=1e-10)


@given(part=parts, servers=integers(1, 30))
def test_the_approximation_is_exact_with_exponential_times(part, servers):
    about, line = allen_cunneen(part * servers, 1.0, servers, 1.0), patient_line(part * servers, 1.0, servers)
    assert about.mean_queue == float(line.mean_queue)
    assert about.occupancy == float(line.occupancy)


@given(part=parts, servers=integers(1, 30), low=variations, high=variations)
def test_regular_times_shorten_the_line(part, servers, low, high):
    low, high = sorted((low, high))
    calm, wild = allen_cunneen(part * servers, 1.0, servers, [low, high]).mean_wait
    assert calm <= wild
    calm, wild = allen_cunneen(part * servers, 1.0, servers, 1.0, arrival_variation=[low, high]).mean_wait
    assert calm <= wild


def test_against_a_line_of_many_services():
    """Lindley: W' = max(0, W + S - A), with S of 0.5 or 1.5 alike and A exponential of mean 1.25."""
    luck = np.random.default_rng(7)
    steps = luck.choice([0.5, 1.5], 400_000) - luck.exponential(1.25, 400_000)
    level = np.concatenate(([0.0], np.cumsum(steps)))
    waits = level - np.minimum.accumulate(level)
    assert pollaczek_khinchine(0.8, 1.0, 0.5).mean_wait == pytest.approx(waits.mean(), rel=0.03)


def test_shapes_follow_the_numbers():
    about = allen_cunneen(1.0, 1.0, [[2], [3]], [0.0, 1.0, 2.0])
    assert about.mean_wait.shape == about.occupancy.shape == about.mean_queue.shape == (2, 3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pollaczek_khinchine(1.0, 1.0, 1.0), "load = 1 erlangs is not below the 1 that one server can bear"),
        (lambda: pollaczek_khinchine(0.5, 1.0, -1.0), "variation = -1 is not a finite number of at least 0"),
        (lambda: allen_cunneen(2.0, 1.0, 2, 1.0), "servers = 2 is not above the offered load of 2"),
        (lambda: allen_cunneen(1.0, 1.0, 2, 1.0, -0.5), "arrival_variation = -0.5 is not"),
    ],
)
def test_refusals_are_one_plain_line(call, words):
    with pytest.raises(Refusal) as refusal:
        call()
    assert words in str(refusal.value)
