"""The planner: fewest and cheapest servers against all others tried, a day by hand, the square-root rule, refusals."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, none, one_of

from abm.core.errors import Refusal
from abm.queues.erlang import patient_line
from abm.queues.impatience import impatient_line
from abm.queues.planning import (
    cheapest_servers,
    hourly_cost,
    servers_for,
    square_root_delay,
    square_root_reserve,
    square_root_servers,
    staffing,
    steady_line,
)

rates = floats(0.05, 15.0)
lengths = floats(0.2, 6.0)
patiences = one_of(none(), floats(0.05, 30.0))
shares = floats(0.0, 0.999)


def test_eighty_per_cent_in_twenty_seconds():
    """100 calls in half an hour, three minutes each: 14 answer 88.8 % in time, and one fewer not quite 80 %."""
    assert servers_for(100 / 30, 3.0) == 14
    levels = [float(patient_line(100 / 30, 3.0, c).answered_within(20 / 60)) for c in (13, 14)]
    assert levels[0] < 0.8 < levels[1]


@given(rate=rates, minutes=lengths, share=shares, until=floats(0.0, 5.0), patience=patiences)
def test_one_fewer_would_not_do(rate, minutes, share, until, patience):
    found = servers_for(rate, minutes, share, until, patience)
    assert steady_line(rate, minutes, found, patience).answered_within(until) >= share
    least = 1 if patience is not None else math.floor(rate * minutes) + 1
    if found > least:
        assert steady_line(rate, minutes, found - 1, patience).answered_within(until) < share
    assert found >= least


@given(rate=rates, minutes=lengths, wage=floats(1.0, 100.0), wait=floats(0.0, 5.0), gone=floats(0.0, 20.0),
       patience=patiences)  # fmt: skip
def test_no_other_number_is_cheaper(rate, minutes, wage, wait, gone, patience):
    costs = (wage, wait, gone)
    found = cheapest_servers(rate, minutes, *costs, patience)
    paid = hourly_cost(steady_line(rate, minutes, found, patience), rate, *costs)
    first = 1 if patience is not None else math.floor(rate * minutes) + 1
    for c in range(first, found + 60):
        other = hourly_cost(steady_line(rate, minutes, c, patience), rate, *costs)
        assert paid < other if c < found else paid <= other


def test_cost_by_hand():
    """One server, half busy: half a customer waits; 20 an hour, and 60 minutes of half a customer at 0.1 a minute."""
    line = patient_line(0.5, 1.0, 1)
    assert hourly_cost(line, 0.5, 20.0, 0.1) == pytest.approx(20 + 60 * 0.1 * 0.5, rel=1e-14)
    lost = impatient_line(2.0, 1.0, 1, 1.0)
    assert hourly_cost(lost, 2.0, 20.0, 0.0, 3.0) == pytest.approx(20 + 60 * 3 * 2.0 * lost.p_abandon, rel=1e-14)


def test_when_customers_cost_nothing_one_server_is_enough():
    assert cheapest_servers(10.0, 1.0, wage=20.0, patience=2.0) == 1
    assert cheapest_servers(10.5, 1.0, wage=20.0) == 11  # of patient customers, the line must not grow without end
    assert cheapest_servers(10.0, 1.0, 20.0, waiting_cost=5.0) > cheapest_servers(10.0, 1.0, 20.0, waiting_cost=0.05)


def test_a_thousand_times_more_calls_need_relatively_fewer():
    small, large = servers_for(10.0, 1.0), servers_for(10_000.0, 1.0)
    assert large / 10_000 < 1.001 < small / 10
    assert servers_for(10_000.0, 1.0, patience=1.0) < 10_000  # who hangs up need not be served


def test_a_day():
    calls = pd.Series([0, 40, 100, 150], index=["08:00", "08:30", "09:00", "09:30"])
    day = staffing(calls, 3.0)
    assert list(day.columns) == [
        "interval", "calls", "servers", "square_root", "occupancy", "p_wait", "mean_answer", "service_level",
        "p_abandon",
    ]  # fmt: skip
    assert day["interval"].tolist() == list(calls.index)
    assert day["calls"].tolist() == calls.tolist()
    assert day["servers"].tolist() == [0, *(servers_for(n / 30, 3.0) for n in (40, 100, 150))]
    assert day.loc[0, "occupancy":].isna().all()
    assert (day["service_level"][1:] >= 0.8).all()
    assert (day["p_abandon"][1:] == 0).all()
    row, line = day.iloc[2], patient_line(100 / 30, 3.0, int(day["servers"][2]))
    found = (row["occupancy"], row["p_wait"], row["mean_answer"], row["service_level"])
    assert found == pytest.approx((line.occupancy, line.p_wait, line.mean_answer, line.answered_within(1 / 3)))
    assert row["square_root"] == math.ceil(10 + math.sqrt(10))


def test_a_day_of_impatient_callers():
    day = staffing([40, 100], [3.0, 4.0], interval=15.0, share=0.9, within=0.5, patience=2.0, beta=0.0)
    for row, rate, minutes in zip(day.to_dict("records"), (40 / 15, 100 / 15), (3.0, 4.0), strict=True):
        line = impatient_line(rate, minutes, row["servers"], 2.0)
        assert row["servers"] == servers_for(rate, minutes, 0.9, 0.5, 2.0)
        assert row["service_level"] == line.answered_within(0.5) >= 0.9
        assert (row["p_abandon"], row["mean_answer"]) == (line.p_abandon, line.mean_answer)
        assert row["square_root"] == math.ceil(rate * minutes)
    assert day["interval"].tolist() == [0, 1]


@given(load=floats(0.0, 1e4), beta=floats(0.0, 3.0), more=floats(0.0, 3.0))
def test_the_square_root_rule(load, beta, more):
    servers = square_root_servers(load, beta)
    assert servers - 1 < load + beta * math.sqrt(load) <= servers
    assert square_root_servers(load, beta + more) >= servers
    assert square_root_servers(load, -1e6) == 0


def test_the_delay_of_the_rule_is_the_limit_of_erlang_c():
    for beta in (0.2, 1.0, 2.0):
        load = 1e5
        servers = square_root_servers(load, beta)
        here = (servers - load) / math.sqrt(load)
        assert patient_line(load, 1.0, servers).p_wait == pytest.approx(float(square_root_delay(here)), rel=0.01)


@given(p_wait=floats(1e-6, 1.0))
def test_the_reserve_for_a_share_who_wait(p_wait):
    assert square_root_delay(square_root_reserve(p_wait)) == pytest.approx(p_wait, rel=1e-6)


def test_limits_of_the_rule():
    assert square_root_delay([0.0, 50.0]).tolist() == pytest.approx([1.0, 0.0])
    assert square_root_reserve(1.0) == 0.0
    assert np.all(np.diff(square_root_delay(np.linspace(0, 5, 50))) < 0)


@given(rate=rates, minutes=lengths, patience=patiences, more=integers(1, 4))
def test_nobody_asks_for_fewer_when_more_call(rate, minutes, patience, more):
    few, many = (servers_for(r, minutes, patience=patience) for r in (rate, rate + more))
    assert few <= many


def test_nobody_calls():
    assert servers_for(0.0, 3.0) == servers_for(0.0, 3.0, patience=2.0) == cheapest_servers(0.0, 3.0, 20.0) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: servers_for(1.0, 3.0, share=1.2), "share = 1.2 is not a finite number in [0, 1]"),
        (lambda: servers_for(1.0, 3.0, share=-0.1), "share = -0.1 is not"),
        (lambda: servers_for(1.0, 3.0, share=1.0), "share = 1 is beyond any number of servers"),
        (lambda: servers_for(1.0, 3.0, patience=0.0), "patience = 0 is not a finite number of at least 1e-09"),
        (lambda: servers_for(0.0, 3.0, share=1.2), "share = 1.2 is not"),
        (lambda: servers_for(1.0, 3.0, within=-1.0), "within = -1 is not a finite number of at least 0 (minutes)"),
        (lambda: servers_for(-1.0, 3.0), "rate = -1 is not"),
        (lambda: servers_for(1e6, 3.0), "rate = 1e+06 makes a load of 3e+06 erlangs, and 1,000,000"),
        (lambda: servers_for(9.99e5, 1.0, 0.999999, 0.0), "share: cannot be kept with 1,000,000 servers"),
        (lambda: steady_line(1.0, 1.0, -2), "servers = -2 is not a whole number"),
        (lambda: cheapest_servers(1.0, 3.0, wage=0.0), "wage = 0 is not a finite number of at least 1e-09"),
        (lambda: cheapest_servers(1.0, 3.0, 20.0, waiting_cost=-1.0), "waiting_cost = -1 is not"),
        (lambda: staffing([10, -1], 3.0), "calls[1] = -1 is not a finite number of at least 0 (calls)"),
        (lambda: staffing([], 3.0), "calls: has shape (0,); a column of at least one number"),
        (lambda: staffing([10, 20], [3.0, 3.0, 3.0]), "minutes: has shape (3,); one number, or one for each of 2"),
        (lambda: staffing([10], 3.0, interval=0.0), "interval = 0 is not"),
        (lambda: square_root_reserve(0.0), "p_wait = 0 is not a finite number in [1e-12, 1]"),
    ],
)
def test_refusals_are_one_plain_line(call, words):
    with pytest.raises(Refusal) as refusal:
        call()
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
