"""Naor's customers: the reference, welfare tried out one by one, and the toll that makes them stop where it is best."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats

from abm.core.errors import Refusal
from abm.queues.joining import naor, welfare

values = floats(0.0, 40.0)
rates = floats(0.05, 3.0)


def test_every_row_of_the_reference(reference):
    assert len(reference["naor"]) == 4
    for row in reference["naor"]:
        found = naor(row["R"], row["C"], row["lam"], 1 / row["mu"])
        assert (found.own, found.social) == (row["n_self"], row["n_social"])
        wanted = [row[name] for name in ("welfare_self", "welfare_social", "balk_prob_self", "mean_in_system_self")]
        assert (found.welfare_own, found.welfare_social, found.balk_own, found.inside_own) == pytest.approx(
            wanted, rel=1e-12
        )


@given(value=values, rate=rates)
def test_no_other_length_is_better_for_all(value, rate):
    found = naor(value, 1.0, rate, 1.0)
    tried = [welfare(stop, value, 1.0, rate, 1.0) for stop in range(found.own + 3)]
    assert max(tried) == pytest.approx(found.welfare_social, rel=1e-11, abs=1e-12)
    assert tried[found.own] == found.welfare_own
    assert found.social <= found.own


@given(value=values, rate=rates, cost=floats(0.1, 5.0), minutes=floats(0.1, 5.0))
def test_the_toll_makes_them_stop_where_it_is_best(value, rate, cost, minutes):
    found = naor(value, cost, rate, minutes)
    charged = naor(max(value - found.toll, 0.0), cost, rate, minutes)
    assert charged.own == found.social
    assert 0 <= found.toll <= value


def test_who_is_as_well_off_either_way_joins():
    """R = 0.3, C = 1, μ = 10: worth 3 services, although 0.3 / 0.1 is a little less than 3 in float64."""
    assert naor(0.3, 1.0, 5.0, 0.1).own == 3
    assert naor(0.1 + 0.2, 0.1, 1.0, 1.0).own == 3


def test_arrivals_as_fast_as_services():
    """ρ = 1: n_o is the largest n with n (n + 1) / 2 <= v."""
    assert [naor(v, 1.0, 1.0, 1.0).social for v in (0.9, 1, 2.9, 3, 5.9, 6, 9.9, 10)] == [0, 1, 1, 2, 2, 3, 3, 4]


def test_limits():
    worthless = naor(0.5, 1.0, 0.8, 1.0)
    assert (worthless.own, worthless.social, worthless.welfare_own, worthless.balk_own) == (0, 0, 0.0, 1.0)
    quiet = naor(10.0, 1.0, 1e-9, 1.0)
    assert quiet.social == 9  # g(n) is a little above n
    assert quiet.welfare_social == pytest.approx(1e-9 * 9.0, rel=1e-6)
    nobody = naor(10.0, 1.0, 0.0, 1.0)
    assert (nobody.own, nobody.social, nobody.welfare_own, nobody.inside_own) == (10, 10, 0.0, 0.0)
    rush = naor(10.0, 1.0, 1e4, 1.0)
    assert (rush.social, rush.own) == (1, 10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: naor(10.0, 0.0, 1.0, 1.0), "waiting_cost = 0 is not a finite number"),
        (lambda: naor(-1.0, 1.0, 1.0, 1.0), "value = -1 is not a finite number of at least 0 (money)"),
        (lambda: naor(1e7, 1.0, 1.0, 1.0), "value = 1e+07 pays for a wait of over 1,000,000 services"),
        (lambda: welfare(-1, 1.0, 1.0, 1.0, 1.0), "stop = -1 is not a whole number"),
    ],
)
def test_refusals_are_one_plain_line(call, words):
    with pytest.raises(Refusal) as refusal:
        call()
    assert words in str(refusal.value)
