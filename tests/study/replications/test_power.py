"""Power: by simulation, by scipy's noncentral t, and forwards and backwards."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import abm
from abm.core.errors import Refusal
from abm.study.replications.power import MOST, power, probability, upper_limit
from abm.study.statistics.paired import PairedDifference

STUDIES = 40_000


def pilot(sd=30.0, pairs=20):
    return PairedDifference("profit", "points", "none", "north", 5.0, 1.0, 9.0, pairs, sd, 0.95)


@pytest.mark.parametrize(("difference", "replications"), [(20.0, 10), (10.0, 40), (60.0, 3), (0.0, 15)])
def test_against_simulation(difference, replications):
    rng = np.random.default_rng(4)
    values = rng.normal(difference, 30.0, (STUDIES, replications))
    excludes = stats.ttest_1samp(values, 0, axis=1).pvalue < 0.05
    error = math.sqrt(0.25 / STUDIES)
    assert probability(difference, 30.0, replications, 0.95) == pytest.approx(excludes.mean(), abs=4 * error)


@pytest.mark.parametrize("replications", [2, 5, 30, 1000])
@pytest.mark.parametrize("shift", [0.1, 1.0, 2.5, 4.0])
def test_against_the_noncentral_t(replications, shift):
    t = stats.t.ppf(0.995, replications - 1)
    expected = stats.nct.sf(t, replications - 1, shift) + stats.nct.sf(t, replications - 1, -shift)
    found = probability(shift / math.sqrt(replications), 1.0, replications, 0.99)
    assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("shift", [20.0, 38.5, 50.0, 1e4])
@pytest.mark.parametrize("replications", [3, 5, 100, 10_000])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95])
def test_what_cannot_be_missed_is_certain(shift, replications, confidence):
    assert probability(shift / math.sqrt(replications), 1.0, replications, confidence) == pytest.approx(1, abs=1e-3)


def test_textbook_number():
    """A difference of half a standard deviation, power 0.8 at 0.95: 34 pairs."""
    assert power(1.0, difference=0.5, power=0.8).replications == 34
    assert power(1.0, difference=-0.5, power=0.8).replications == 34


@given(st.floats(0.05, 5), st.floats(0.1, 0.99), st.floats(0.8, 0.99), st.integers(1, 10))
def test_the_number_needed_is_the_smallest(difference, wanted, confidence, comparisons):
    if wanted <= (1 - confidence) / comparisons:
        return
    found = power(1.0, difference=difference, power=wanted, confidence=confidence, comparisons=comparisons)
    each = 1 - (1 - confidence) / comparisons
    assert found.power >= wanted
    assert found.replications == 2 or probability(difference, 1.0, found.replications - 1, each) < wanted


@given(st.integers(2, 500), st.floats(0.1, 0.99))
def test_there_and_back(replications, wanted):
    found = power(2.0, replications=replications, power=wanted)
    assert found.power == pytest.approx(wanted, abs=1e-6)
    assert power(2.0, replications=replications, difference=found.difference).power == pytest.approx(wanted, abs=1e-6)


def test_more_comparisons_take_more():
    alone, many = (power(1.0, difference=1.0, power=0.9, comparisons=k).replications for k in (1, 10))
    assert many > alone


class TestPilot:
    def test_its_standard_deviation_is_used(self):
        found = power(pilot(), difference=20.0, power=0.9)
        assert found.replications == power(30.0, difference=20.0, power=0.9).replications
        assert power(30.0, difference=20.0, power=0.9).cautious is None

    def test_the_upper_limit_holds_as_often_as_it_says(self):
        rng = np.random.default_rng(5)
        sds = rng.normal(0, 3.0, (STUDIES, 10)).std(axis=1, ddof=1)
        assert np.mean(upper_limit(1.0, 10) * sds >= 3.0) == pytest.approx(0.8, abs=0.01)

    def test_a_cautious_plan_takes_more(self):
        found = power(pilot(), difference=20.0, power=0.9)
        assert found.cautious.sd == pytest.approx(30 * math.sqrt(19 / stats.chi2.ppf(0.2, 19)))
        assert found.cautious.replications > found.replications

    def test_said_in_words(self):
        assert str(power(pilot(), difference=20.0, power=0.9)) == (
            "26 replications show a difference of 20 with probability 0.904 (standard deviation 30 between "
            "replications, 0.95 confidence); with the upper limit of what the pilot leaves possible, 35.31: "
            "35 replications show a difference of 20 with probability 0.902"
        )

    def test_equal_pairs_show_any_difference(self):
        assert power(pilot(sd=0.0), difference=1e-9, power=0.9).replications == 2
        assert power(0.0, replications=5, power=0.9).difference == 0.0

    def test_it_is_there_for_users(self):
        assert abm.power is power


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({}, "left out: difference and replications and power"),
        ({"difference": 1, "power": 0.9, "replications": 5}, "left out: none"),
        ({"difference": 0, "power": 0.9}, "difference = 0 is not a number other than 0"),
        ({"difference": math.nan, "power": 0.9}, "difference = nan is not"),
        ({"difference": 1, "replications": 1}, r"replications = 1 is outside \[2, 1,000,000,000\]"),
        ({"difference": 1, "power": 0.05}, r"power = 0.05 is outside \(0.05, 1\)"),
        ({"difference": 1, "power": 1.0}, r"power = 1.0 is outside"),
        ({"difference": 1, "power": 0.9, "confidence": 1}, r"confidence = 1 is outside \(0, 1\)"),
        ({"difference": 1, "power": 0.9, "comparisons": 0}, "comparisons = 0 is below 1"),
        ({"difference": 1e-6, "power": 0.9}, f"more than {MOST:,} replications"),
    ],
)
def test_refusals(given_, message):
    with pytest.raises(Refusal, match=message):
        power(1.0, **given_)


@pytest.mark.parametrize("spread", [math.nan, -1.0, math.inf, "3"])
def test_a_pilot_of_no_use(spread):
    with pytest.raises(Refusal, match="takes 2 pairs or more"):
        power(spread, difference=1.0, power=0.9)
