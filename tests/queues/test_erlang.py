"""Erlang B and C: golden numbers, the recursion, the chain state by state, limits, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis.strategies import floats, integers
from scipy.integrate import quad

from abm.core.errors import Refusal
from abm.queues.erlang import erlang_b, erlang_c, patient_line

counts = integers(1, 60)
parts = floats(0.01, 0.98)


def test_golden_erlang_b():
    assert erlang_b(10, 8.0) == pytest.approx(0.1216611, abs=5e-8)


def test_golden_erlang_c():
    line = patient_line(8.0, 1.0, 10)
    assert erlang_c(10, 8.0) == line.p_wait == pytest.approx(0.4091802, abs=5e-8)
    assert line.mean_wait == pytest.approx(0.2045901, abs=5e-8)
    assert line.mean_queue == pytest.approx(1.636721, abs=5e-7)
    assert line.answered_within(0.25) == pytest.approx(0.7518197, abs=5e-8)


def test_golden_one_server():
    line = patient_line(0.8, 1.0, 1)
    assert (line.mean_wait, line.mean_queue, line.p_wait) == pytest.approx((4.0, 3.2, 0.8), rel=1e-14)


def test_golden_contact_centre():
    line = patient_line(200 / 60, 3.0, 12)
    assert line.occupancy == pytest.approx(0.83333, abs=5e-6)
    assert line.p_wait == pytest.approx(0.449388, abs=5e-7)
    assert line.mean_wait / 60 == pytest.approx(0.01123471, abs=5e-9)
    assert line.mean_wait * 60 == pytest.approx(40.44, abs=0.006)  # 40.445
    assert line.answered_within(20 / 60) == pytest.approx(0.640158, abs=5e-7)


def test_golden_hundred_calls_in_half_an_hour():
    line = patient_line(100 / 30, 3.0, 14)
    assert line.p_wait == pytest.approx(0.17413, abs=5e-6)
    assert line.answered_within(20 / 60) == pytest.approx(0.88835, abs=5e-6)
    assert line.mean_answer * 60 == pytest.approx(7.836, abs=5e-4)


def test_every_stable_row_of_the_reference(reference):
    rows = [row for row in reference["erlang"] if row["C_p_wait"] is not None]
    assert len(rows) == 6
    for row in rows:
        line = patient_line(row["lam"], 1 / row["mu"], row["n"])
        assert (line.p_wait, line.mean_wait) == pytest.approx((row["C_p_wait"], row["C_EW"]), rel=1e-12)


def test_the_known_example_without_patience(reference):
    line, printed = patient_line(48.0, 1.0, 50), reference["garnett_mandelbaum_reiman"]["MMN"]
    found = (line.mean_wait * 60, line.wait_quantile(0.9) * 60, line.mean_queue, line.occupancy, line.p_wait)
    assert found == pytest.approx([printed[name] for name in ("EW_sec", "W90_sec", "EQ", "util", "p_wait")], rel=1e-12)


@given(servers=integers(0, 80), load=floats(1e-3, 200.0))
def test_erlang_b_is_its_recursion(servers, load):
    lost = 1.0
    for k in range(1, servers + 1):
        lost = load * lost / (k + load * lost)
    assert erlang_b(servers, load) == pytest.approx(lost, rel=1e-11)


@given(servers=counts, part=parts)
def test_erlang_c_by_erlang_b(servers, part):
    load = part * servers
    lost = erlang_b(servers, load)
    assert erlang_c(servers, load) == pytest.approx(servers * lost / (servers - load * (1 - lost)), rel=1e-10)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (3, 2.4), (7, 3.0)])
def test_against_the_chain_state_by_state(chain, servers, load):
    chances = chain(lambda k: load, lambda k: min(k, servers), 600)
    line = patient_line(load, 1.0, servers)
    assert line.p_wait == pytest.approx(sum(chances[servers:]), rel=1e-12)
    assert line.mean_queue == pytest.approx(sum(max(k - servers, 0) * p for k, p in enumerate(chances)), rel=1e-11)


@given(servers=counts, part=parts, minutes=floats(0.1, 30.0))
def test_waits_are_those_of_their_distribution(servers, part, minutes):
    line = patient_line(part * servers / minutes, minutes, servers)
    mean, _ = quad(lambda t: float(line.wait_exceeds(t)), 0, 60 * minutes / (servers * (1 - part)), limit=200)
    assert line.mean_wait == pytest.approx(mean, rel=1e-6)
    assert line.answered_within(0.0) == pytest.approx(1 - line.p_wait, rel=1e-14)
    assume(line.p_wait > 1e-6)  # else nothing is left of what is later than most
    late = 1 - line.p_wait / 3
    assert line.answered_within(line.wait_quantile(late)) == pytest.approx(late, rel=1e-12)
    assert line.wait_quantile(1 - line.p_wait) == pytest.approx(0.0, abs=1e-9)


@given(servers=counts, part=parts)
def test_one_more_server_never_hurts(servers, part):
    lost = erlang_b([servers, servers + 1], part * servers)
    delayed = erlang_c([servers, servers + 1], part * servers)
    assert lost[1] < lost[0]
    assert delayed[1] < delayed[0]
    assert lost[0] < delayed[0]


@given(part=parts, servers=integers(1, 30), factor=integers(2, 5))
def test_pooling_shortens_the_wait(part, servers, factor):
    apart, pooled = erlang_c([servers, servers * factor], [part * servers, part * servers * factor])
    assert pooled < apart


def test_ten_thousand_servers_and_more():
    assert erlang_b(10_000, 10_000.0) == pytest.approx(math.sqrt(2 / (math.pi * 10_000)), rel=0.01)
    assert 0 < erlang_c(10_000, 9_900.0) < 1
    assert erlang_b(10_000, 1e6) == pytest.approx(0.99, rel=1e-4)  # of a load far above, 1 - c/a is lost
    assert erlang_b(10_000, 10.0) == 0.0  # below the smallest float64


def test_limits():
    assert erlang_b([0, 0, 5], [0.0, 3.0, 0.0]).tolist() == [1.0, 1.0, 0.0]
    assert erlang_c(5, 0.0) == 0.0
    assert patient_line(0.0, 3.0, 2).mean_wait == 0.0
    assert patient_line(0.5, 1.0, 1).wait_quantile(1.0) == math.inf


def test_shapes_follow_the_numbers():
    line = patient_line([1.0, 2.0], 3.0, [[7], [8], [9]])
    assert {np.shape(getattr(line, name)) for name in line.__dataclass_fields__} == {(3, 2)}
    assert line.answered_within(0.5).shape == (3, 2)
    assert np.ndim(erlang_b(3, 2.0)) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: erlang_b(-1, 3.0), "servers = -1 is not a whole number in [0, 1e+06]"),
        (lambda: erlang_b(2.5, 3.0), "servers = 2.5 is not a whole number"),
        (lambda: erlang_b([1, 2], [1.0, -1.0]), "load[1] = -1 is not a finite number of at least 0 (erlangs)"),
        (lambda: erlang_c(3, 3.0), "servers = 3 is not above the offered load of 3, so that"),
        (lambda: erlang_c([9, 2], 5.5), "servers = 2 is not above the offered load of 5.5"),
        (lambda: erlang_c(0, 0.0), "servers = 0 is not a whole number in [1, 1e+06]"),
        (lambda: patient_line(1.0, 0.0, 3), "minutes = 0 is not a finite number"),
        (lambda: patient_line("many", 1.0, 3), "rate: is not made of numbers"),
        (lambda: patient_line(1.0, 1.0, 3).wait_quantile(1.5), "share = 1.5 is not a finite number in [0, 1]"),
        (lambda: patient_line(1.0, 1.0, 3).answered_within(-1), "minutes = -1 is not"),
    ],
)
def test_refusals_are_one_plain_line(call, words):
    with pytest.raises(Refusal) as refusal:
        call()
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
