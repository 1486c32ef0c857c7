"""Rooms of limited size and customers who come back: by hand, Erlang B as a case, the arrival theorem, both limits."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers

from abm.core.errors import Refusal
from abm.queues.erlang import erlang_b, patient_line
from abm.queues.rooms import finite_population, limited_room

loads = floats(0.01, 5.0)
counts = integers(1, 12)


def test_one_server_and_room_for_two_by_hand():
    """λ = 1, μ = 2: p = 4/7, 2/7, 1/7; of those let in one in three waits, half a minute each."""
    room = limited_room(1.0, 0.5, 1, 2)
    assert room.chances.tolist() == pytest.approx([4 / 7, 2 / 7, 1 / 7], rel=1e-14)
    assert (room.p_block, room.p_wait, room.served) == pytest.approx((1 / 7, 1 / 3, 6 / 7), rel=1e-14)
    assert (room.mean_queue, room.mean_wait, room.mean_inside) == pytest.approx((1 / 7, 1 / 6, 4 / 7), rel=1e-14)
    assert room.occupancy == pytest.approx(3 / 7, rel=1e-14)


@pytest.mark.parametrize("rate", [0.4, 1.0, 2.5])
def test_one_server_in_closed_form(rate):
    """M/M/1/K: p_k = ρ^k (1 - ρ) / (1 - ρ^(K+1)), and all alike at ρ = 1."""
    k = np.arange(9)
    chances = rate**k / np.sum(rate**k)
    assert limited_room(rate, 1.0, 1, 8).chances == pytest.approx(chances, rel=1e-13)


@given(servers=counts, load=loads)
def test_no_room_to_wait_is_erlang_b(servers, load):
    room = limited_room(load * servers, 1.0, servers, servers)
    assert room.p_block == pytest.approx(erlang_b(servers, load * servers), rel=1e-11)
    assert (room.p_wait, room.mean_wait, room.mean_queue) == (0.0, 0.0, 0.0)


@given(servers=counts, load=floats(0.01, 0.8))
def test_a_large_room_is_no_limit(servers, load):
    room, line = limited_room(load * servers, 1.0, servers, 2000), patient_line(load * servers, 1.0, servers)
    for name in ("p_wait", "mean_wait", "mean_queue", "occupancy"):
        assert getattr(room, name) == pytest.approx(float(getattr(line, name)), rel=1e-9)


@given(servers=counts, load=loads, more=integers(0, 30), minutes=floats(0.1, 10.0))
def test_who_is_let_in_is_served(servers, load, more, minutes):
    rate = load * servers / minutes
    room = limited_room(rate, minutes, servers, servers + more)
    assert room.served == pytest.approx(rate * (1 - room.p_block), rel=1e-12)
    assert room.served * minutes == pytest.approx(room.occupancy * servers, rel=1e-10)
    assert room.mean_inside == pytest.approx(room.served * (room.mean_wait + minutes), rel=1e-10)  # Little
    assert limited_room(rate, minutes, servers, servers + more + 1).p_block <= room.p_block * (1 + 1e-12)


def test_repair_by_hand():
    """Two machines, one repairer, as long to fail as to repair: p = 1/5, 2/5, 2/5."""
    found = finite_population(2, 1.0, 1.0, 1)
    assert found.chances.tolist() == pytest.approx([0.2, 0.4, 0.4], rel=1e-14)
    assert (found.served, found.occupancy, found.mean_queue) == pytest.approx((0.8, 0.8, 0.4), rel=1e-14)
    assert (found.mean_wait, found.p_wait) == pytest.approx((0.5, 0.5), rel=1e-14)


@given(members=integers(1, 40), away=floats(0.2, 50.0), servers=counts)
def test_everybody_is_somewhere(members, away, servers):
    found = finite_population(members, away, 1.0, servers)
    assert found.served * (away + found.mean_wait + 1.0) == pytest.approx(members, rel=1e-10)
    assert found.mean_inside == pytest.approx(found.mean_queue + found.occupancy * servers, rel=1e-10)


@given(members=integers(1, 25), away=floats(0.2, 50.0), servers=counts)
def test_who_comes_sees_the_others(members, away, servers):
    """The share who wait, weighted by who comes in each state, is that of a population of one fewer."""
    found = finite_population(members, away, 1.0, servers)
    coming = found.chances * (members - np.arange(members + 1)) / away
    assert found.p_wait == pytest.approx(coming[servers:].sum() / coming.sum(), rel=1e-10, abs=1e-15)


@given(members=integers(1, 25), away=floats(0.2, 50.0))
def test_a_server_for_each_makes_a_binomial_number(members, away):
    inside = 1 / (1 + away)
    chances = [comb(members, k) * inside**k * (1 - inside) ** (members - k) for k in range(members + 1)]
    found = finite_population(members, away, 1.0, members)
    assert found.chances == pytest.approx(chances, rel=1e-9, abs=1e-15)
    assert (found.p_wait, found.mean_wait) == (0.0, 0.0)


def test_many_who_come_rarely_are_arrivals_at_random():
    found, line = finite_population(100_000, 100_000 / 0.8, 1.0, 1), patient_line(0.8, 1.0, 1)
    assert found.mean_wait == pytest.approx(float(line.mean_wait), rel=2e-3)


def test_nobody_comes():
    room = limited_room(0.0, 1.0, 2, 5)
    assert (room.p_block, room.served, room.mean_wait, room.mean_inside) == (0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: limited_room(1.0, 1.0, 3, 2), "room = 2 is not a whole number in [3, 1e+06] (customers, those in"),
        (lambda: limited_room(-1.0, 1.0, 3, 3), "rate = -1 is not a finite number of at least 0 (1/minute)"),
        (lambda: finite_population(0, 1.0, 1.0, 1), "members = 0 is not a whole number"),
        (lambda: finite_population(3, 0.0, 1.0, 1), "away = 0 is not a finite number"),
    ],
)
def test_refusals_are_one_plain_line(call, words):
    with pytest.raises(Refusal) as refusal:
        call()
    assert words in str(refusal.value)
