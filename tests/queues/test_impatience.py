"""Erlang A: golden numbers, the chain state by state, both limits, and the balance of those who come."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis.strategies import floats, integers
from scipy.integrate import quad
from scipy.stats import poisson

from abm.core.errors import Refusal
from abm.queues.erlang import patient_line
from abm.queues.impatience import impatient_line

loads = floats(0.05, 3.0)  # per server
counts = integers(1, 40)
patiences = floats(0.02, 50.0)


def test_every_row_of_the_reference(reference):
    for row in reference["erlang"]:
        line = impatient_line(row["lam"], 1 / row["mu"], row["n"], 1 / row["theta"])
        found = (line.p_wait, line.p_abandon, line.mean_wait, line.mean_queue, line.occupancy)
        wanted = [row[f"A_{name}"] for name in ("p_wait", "p_abandon", "EW", "EQ", "util")]
        assert found == pytest.approx(wanted, rel=1e-12)


def test_the_known_example(reference):
    line, printed = impatient_line(48.0, 1.0, 50, 2.0), reference["garnett_mandelbaum_reiman"]["MMNM"]
    names = ("p_abandon", "EW_sec", "W90_sec", "EQ", "util", "p_wait")
    found = (line.p_abandon, line.mean_wait * 60, line.wait_quantile(0.9) * 60)
    assert (*found, line.mean_queue, line.occupancy, line.p_wait) == pytest.approx(
        [printed[n] for n in names], rel=1e-12
    )


@pytest.mark.parametrize(("servers", "lost"), [(45, 0.0836025), (48, 0.0476450), (50, 0.0309122), (55, 0.0086397)])
def test_golden_who_hangs_up(servers, lost):
    assert impatient_line(48.0, 1.0, servers, 2.0).p_abandon == pytest.approx(lost, abs=6e-8)


def test_golden_ten_of_each():
    line = impatient_line(10.0, 1.0, 10, 1.0)
    assert (line.p_abandon, line.p_wait) == pytest.approx((0.1251100, 0.5420703), abs=5e-8)


@pytest.mark.parametrize(
    ("rate", "servers", "patience"), [(4.0, 5, 4.0), (9.0, 5, 4.0), (0.3, 1, 0.1), (40.0, 10, 6.0)]
)
def test_against_the_chain_state_by_state(chain, rate, servers, patience):
    """Each who waits is followed: with j before her she is answered, or hangs up first, one step at a time."""
    rates = [min(k, servers) + max(k - servers, 0) / patience for k in range(501)]
    chances = chain(lambda k: rate, lambda k: rates[k], 500)
    answered, waited = 0.0, 0.0
    for ahead, chance in enumerate(chances[servers:]):
        reached, time = 1.0, 0.0
        for before in range(ahead, -1, -1):
            on, gone = servers + before / patience, 1 / patience
            reached *= on / (on + gone)
            time += 1 / (on + gone)
        answered, waited = answered + chance * reached, waited + chance * reached * time
    line = impatient_line(rate, 1.0, servers, patience)
    here = sum(chances[servers:])
    assert line.p_wait == pytest.approx(here, rel=1e-11)
    assert line.p_abandon == pytest.approx(here - answered, rel=1e-8)
    assert line.mean_answer == pytest.approx(waited / (1 - here + answered), rel=1e-10)
    assert line.occupancy == pytest.approx(sum(min(k, servers) * p for k, p in enumerate(chances)) / servers, rel=1e-10)
    assert line.mean_queue == pytest.approx(sum(max(k - servers, 0) * p for k, p in enumerate(chances)), rel=1e-10)


@given(load=loads, servers=counts, minutes=floats(0.1, 20.0), patience=patiences)
def test_who_hangs_up_is_the_wait_over_patience(load, servers, minutes, patience):
    """P(abandon) = E[W] / patience, with E[W] from the distribution of the wait."""
    line = impatient_line(load * servers / minutes, minutes, servers, patience * minutes)
    assume(line.p_wait > 1e-8)  # else nothing is left of what is later than most
    given_late = [line.wait_quantile(1 - line.p_wait * left) for left in (0.9, 0.5, 0.1, 1e-3, 1e-6)]
    ends = [0.0, *given_late, 3 * given_late[-1]]
    pieces = [quad(lambda t: float(line.wait_exceeds(t)), *ends[k : k + 2])[0] for k in range(len(ends) - 1)]
    assert line.p_abandon == pytest.approx(sum(pieces) / line.patience, rel=1e-4, abs=1e-14)


@given(load=loads, servers=counts, patience=patiences)
def test_whoever_comes_waits_not_or_waits_or_hangs_up(load, servers, patience):
    line = impatient_line(load * servers, 1.0, servers, patience)
    assert line.answered_within(0.0) == pytest.approx(1 - line.p_wait, abs=1e-10)
    assert line.answered_within(1e9) == pytest.approx(1 - line.p_abandon, rel=1e-12)
    assert line.answered_within(1e9, of="answered") == pytest.approx(1.0, rel=1e-12)
    assert line.wait_exceeds(0.0) == pytest.approx(line.p_wait, rel=1e-12)
    assert 0 <= line.p_abandon <= line.p_wait <= 1
    assert 0 < line.occupancy <= 1 + 1e-12
    assert line.occupancy * servers == pytest.approx(load * servers * (1 - line.p_abandon), rel=1e-12)


@given(load=loads, servers=counts, patience=patiences, t=floats(0.0, 20.0), more=floats(0.0, 20.0))
def test_service_levels_rise_with_time_and_servers(load, servers, patience, t, more):
    rate = load * servers
    line, wider = impatient_line(rate, 1.0, servers, patience), impatient_line(rate, 1.0, servers + 1, patience)
    sooner, later = line.answered_within([t, t + more])
    assert sooner <= later + 1e-10
    assert line.answered_within(t) <= wider.answered_within(t) + 1e-9
    assert wider.p_abandon <= line.p_abandon + 1e-12
    assert wider.p_wait <= line.p_wait + 1e-12


@given(load=floats(0.05, 0.95), servers=counts)
def test_patience_without_end_is_erlang_c(load, servers):
    near, limit = impatient_line(load * servers, 1.0, servers, 1e9), patient_line(load * servers, 1.0, servers)
    for name in ("p_wait", "mean_wait", "mean_answer", "mean_queue", "occupancy"):
        assert getattr(near, name) == pytest.approx(float(getattr(limit, name)), rel=1e-5)
    assert near.answered_within(0.3) == pytest.approx(limit.answered_within(0.3), rel=1e-5)


@given(load=loads, servers=counts)
def test_patience_as_long_as_a_service_makes_a_poisson_number(load, servers):
    """Everybody leaves at the same rate, in line or in service, as with a server for each (M/M/inf)."""
    rate = load * servers
    line = impatient_line(rate, 1.0, servers, 1.0)
    inside = np.arange(2000)
    chances = poisson.pmf(inside, rate)
    assert line.p_wait == pytest.approx(poisson.sf(servers - 1, rate), rel=1e-9)
    assert line.mean_queue == pytest.approx(float(chances @ np.maximum(inside - servers, 0)), rel=1e-8)
    assert line.mean_queue + line.occupancy * servers == pytest.approx(rate, rel=1e-12)


@given(load=floats(0.2, 3.0), servers=counts, patience=patiences, share=floats(0.0, 0.999))
def test_quantiles_of_the_wait(load, servers, patience, share):
    line = impatient_line(load * servers, 1.0, servers, patience)
    t = line.wait_quantile(share)
    if 1 - share >= line.p_wait:
        assert t == 0.0
    else:
        assert line.wait_exceeds(t) == pytest.approx(1 - share, rel=1e-7)


def test_no_patience_is_no_room_to_wait():
    line = impatient_line(8.0, 1.0, 10, 1e-7)
    assert line.p_abandon == pytest.approx(0.1216611, abs=1e-6)  # Erlang B


@pytest.mark.parametrize(("rate", "servers"), [(9_900.0, 10_000), (12_000.0, 10_000), (100_000.0, 10_000)])
@pytest.mark.parametrize("patience", [0.1, 1.0, 1000.0])
def test_ten_thousand_servers(rate, servers, patience):
    line = impatient_line(rate, 1.0, servers, patience)
    least = max(0.0, 1 - servers / rate)  # hang up whatever happens
    assert least - 1e-12 <= line.p_abandon < least + 0.01
    assert line.p_abandon * patience == pytest.approx(line.mean_wait, rel=1e-12)
    assert line.answered_within(0.0) == pytest.approx(1 - line.p_wait, abs=1e-12 + 1e-15 * rate * patience)
    if rate > servers and patience == 1000.0:  # the fluid limit: patience ends for all but c of λ
        assert line.mean_answer == pytest.approx(patience * math.log(rate / servers), rel=1e-3)


def test_nobody_calls():
    line = impatient_line(0.0, 3.0, 2, 5.0)
    assert (line.p_wait, line.p_abandon, line.occupancy, line.mean_answer) == (0, 0, 0, 0)
    assert line.answered_within(0.0) == 1.0
    assert line.wait_exceeds([0.0, 1.0]).tolist() == [0.0, 0.0]


def test_shares_of_all_and_of_the_answered():
    line = impatient_line(6.0, 1.0, 5, 2.0)
    of_all, of_answered = line.answered_within(0.2), line.answered_within(0.2, of="answered")
    assert of_all == pytest.approx(of_answered * (1 - line.p_abandon), rel=1e-14)
    assert of_all < of_answered


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: impatient_line(1.0, 1.0, 3, 0.0), "patience = 0 is not a finite number of at least 1e-09 (minutes)"),
        (lambda: impatient_line(1.0, 1.0, 3, math.inf), "patience = inf is not a finite number"),
        (lambda: impatient_line(1.0, 1.0, 0, 1.0), "servers = 0 is not a whole number in [1, 1e+06]"),
        (lambda: impatient_line(1.0, 1.0, -4, 1.0), "servers = -4 is not"),
        (lambda: impatient_line([1.0, 2.0], 1.0, 3, 1.0), "rate: has shape (2,); one number is expected"),
        (lambda: impatient_line(5.0, 1.0, 3, 1e14), "patience: is too long beside the other times; state a shorter"),
        (lambda: impatient_line(5.0, 1.0, 3, 1.0).answered_within(1.0, of="some"), "of = 'some' is neither \"all\""),
    ],
)
def test_refusals_are_one_plain_line(call, words):
    with pytest.raises(Refusal) as refusal:
        call()
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
