"""Adoption: by hand, against exact diffusion on graphs and cascades, by property, and in a market."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.core.streams import philox, stream_key, uniform_fine
from abm.engine.checked import check_kernels
from abm.kpis.kpi import Tallied
from abm.mechanisms.demand.adoption import DECLINE, GROWTH, INTRODUCTION, MATURITY, Adoption, stage_of
from abm.mechanisms.demand.adoption_kernels import (
    adopt_by_hazard,
    adopt_by_threshold,
    chance_of_adopting,
    draw_first_adopters,
    share_adopted,
    threshold_of,
    wait_for_adoption,
)
from abm.scenario.scenario import Scenario
from abm.world.network.network import Network
from tests.examples import examples
from tests.mechanisms.bits import ran
from tests.mechanisms.small import Small

DATA = json.loads((Path(__file__).parents[2] / "data" / "diffusion.json").read_text("utf-8"))
KEY = stream_key(1, "adoption")
LINE = [(0, 1, 1.0), (1, 2, 0.3), (2, 3, 1.0)]


def market(customers=400, periods=60, adoption=None, **more):
    return Scenario.parse(
        {
            "periods": periods, "population": {"customers": customers}, "network": {"kind": "ring", "neighbours": 4},
            "adoption": {"innovation": 0.5, "imitation": 3.0} if adoption is None else adoption, **more,
        }
    )  # fmt: skip


def diffusion(ties, p, q, times, replication, steps=50):
    """Return the share that has adopted at times [years], in steps of a year, of customers of whom none has at 0."""
    n = ties.start.size - 1
    period, nobody_left, ids = np.full(n, -1, np.int32), np.full(n, -1, np.int32), np.arange(n, dtype=np.uint32)
    count, target, found = np.zeros(1, np.int64), ties.target.view(np.uint32), []
    for t in range(steps * max(times)):
        adopt_by_hazard(
            period, nobody_left, ties.start, target, ids, count, p, q, steps, KEY, replication, 0, n, t
        )  # fmt: skip
        if (t + 1) % steps == 0 and (t + 1) // steps in times:
            found.append(count[0] / n)
    return found


def cascade(z, phi, seeds, customers, replication):
    """Return the share that has adopted when nobody adopts any more, on a random graph of mean degree z."""
    ties = Network(kind="erdos_renyi", neighbours=z).build(customers, stream_key(1, "graph"), replication)
    period, nobody_left = np.full(customers, -1, np.int32), np.full(customers, -1, np.int32)
    period[:seeds] = 0
    ids, count, before = np.arange(customers, dtype=np.uint32), np.zeros(1, np.int64), -1
    target, t = ties.target.view(np.uint32), 0
    while count[0] > before:
        before = count[0]
        adopt_by_threshold(
            period, nobody_left, ties.start, target, ids, count, phi, 0.0, KEY, replication, 0, customers, t
        )  # fmt: skip
        t += 1
    return (seeds + count[0]) / customers


def growth_of_a_cascade(z, phi, customers=30_000, runs=800):
    """Return how many adopt after each who adopted after a single first adopter, and its standard error.

    Two periods from one customer: so few adopt that hardly anybody has two neighbours who did.
    """
    ties = Network(kind="erdos_renyi", neighbours=z).build(customers, stream_key(1, "graph"), 0)
    period, nobody_left = np.full(customers, -1, np.int32), np.full(customers, -1, np.int32)
    ids, target, found = (
        np.arange(customers, dtype=np.uint32),
        ties.target.view(np.uint32),
        np.zeros((runs, 2), np.int64),
    )
    for first in range(runs):
        period[:] = -1
        period[first] = 0
        for t in range(2):
            adopt_by_threshold(
                period, nobody_left, ties.start, target, ids, found[first, t : t + 1], phi, 0.0, KEY, 0, 0, customers, t
            )  # fmt: skip
    one, two = found.sum(axis=0)
    off = found[:, 1] - two / one * found[:, 0]
    return two / one, off.std() * math.sqrt(runs) / one


class TestByHand:
    def test_chance(self):
        """Hazard .03 + .4 x .5 = .23 a year, in half a year: 1 - e^-.115; no hazard, no chance."""
        assert chance_of_adopting(0.5, 0.03, 0.4, 0.5) == pytest.approx(1.0 - math.exp(-0.115), abs=1e-9)
        assert chance_of_adopting(1.0, 0.0, 0.0, 1.0) == 0.0

    def test_share(self):
        assert share_adopted(2, 5) == np.float32(0.4)
        assert share_adopted(0, 0) == 0.0

    def test_threshold(self):
        """Within .1 of .3; never outside of what a share can be."""
        assert threshold_of(0.75, 0.3, 0.1) == pytest.approx(0.35)
        assert threshold_of(0.0, 0.1, 0.5) == 0.0
        assert threshold_of(1.0, 0.9, 0.5) == 1.0

    @pytest.mark.parametrize(
        ("growth", "adopted", "stage"),
        [
            (0.05, 0.10, INTRODUCTION), (-0.2, 0.10, INTRODUCTION), (0.10, 0.10, GROWTH), (0.3, 0.9, GROWTH),
            (0.09, 0.16, MATURITY), (0.0, 0.9, MATURITY), (-0.01, 0.9, DECLINE), (math.inf, 0.01, GROWTH),
        ],
    )  # fmt: skip
    def test_stage(self, growth, adopted, stage):
        assert stage_of(growth, adopted, 0.10, 0.16) == stage

    def test_need_of_those_who_wait(self):
        small = Small(3, adoption={})
        small.c.adoption_period[:] = [0, -1, 5]
        small.passing.need[:3] = [0.5, 0.5, 2.0]
        small.run("adoption", wait_for_adoption)
        assert small.passing.need[:3].tolist() == [0.5, 0.0, 2.0]

    def test_a_threshold_of_half(self):
        """On the line 0 - 1 - 2 - 3, the first having adopted: 1 has half of her neighbours, 2 and 3 have none."""
        small = Small(5, adoption={"rule": "threshold", "threshold": 0.5}).tie(LINE)
        small.c.adoption_period[:] = [0, -1, -1, -1, -1]
        expected = [[0, 1, -1, -1, -1], [0, 1, 2, -1, -1], [0, 1, 2, 3, -1], [0, 1, 2, 3, -1]]
        for t, after in enumerate(expected):
            small.run("adoption", adopt_by_threshold, t=t)
            assert small.c.adoption_period.tolist() == after, "one step a period, and never without neighbours"

    def test_who_has_left_does_not_adopt_but_counts(self):
        small = Small(4, adoption={"rule": "threshold", "threshold": 0.5}).tie(LINE)
        small.c.adoption_period[:] = [0, -1, -1, -1]
        small.c.exited[:] = [0, -1, 0, -1]
        small.run("adoption", adopt_by_threshold, t=0)
        small.run("adoption", adopt_by_threshold, t=1)
        assert small.c.adoption_period.tolist() == [0, 1, -1, -1]

    def test_a_threshold_that_is_equalled_is_reached(self):
        """One of k neighbours reaches 1 / k, for each k up to 50."""
        for k in range(1, 51):
            small = Small(k + 1, adoption={"rule": "threshold", "threshold": 1.0 / k})
            small.tie([(0, i, 1.0) for i in range(1, k + 1)])
            small.c.adoption_period[:] = -1
            small.c.adoption_period[1] = 0
            small.run("adoption", adopt_by_threshold, t=0)
            assert small.c.adoption_period[0] == 1

    def test_hazard_follows_the_draws(self):
        """Each adopts in the first period in which her draw lies below the chance of her share."""
        years, p, q = 1.0 / 52, 2.0, 9.0
        small = Small(4, adoption={"innovation": p, "imitation": q, "initial_adopters": 0.0}).tie(LINE)
        expected, neighbours = [-1] * 4, [[1], [0, 2], [1, 3], [2]]
        for t in range(60):
            before = list(expected)
            for i in range(4):
                share = sum(before[k] >= 0 for k in neighbours[i]) / len(neighbours[i])
                luck = uniform_fine(philox(i, t, 0, 0, KEY)[0])
                if before[i] < 0 and luck < 1.0 - math.exp(-(p + q * share) * years):
                    expected[i] = t + 1
            small.run("adoption", adopt_by_hazard, t=t)
            assert small.c.adoption_period.tolist() == expected
        assert min(expected) > 0

    def test_first_adopters_and_newcomers(self):
        ids = np.arange(100, dtype=np.uint32)
        period = np.full(100, -1, np.int32)
        draw_first_adopters(period, ids, 0.3, 60, KEY, 2)
        lucky = [uniform_fine(philox(i, 0, 1 << 16, 2, KEY)[0]) < 0.3 for i in range(60)]
        assert (period[:60] == 0).tolist() == lucky
        assert 0 < sum(lucky) < 60
        assert (period[60:] == -1).all(), "identities from 60 on are newcomers"

    def test_thresholds_differ_by_customer_and_stay(self):
        """One of two neighbours has adopted: about half of all thresholds between .3 and .7 are reached."""
        small = Small(900, adoption={"rule": "threshold", "threshold": 0.5, "threshold_spread": 0.2})
        small.tie([tie for i in range(300) for tie in ((i, i + 300, 1.0), (i, i + 600, 1.0))])
        small.c.adoption_period[:] = -1
        small.c.adoption_period[300:600] = 0
        low = [0.3 + 0.4 * uniform_fine(philox(i, 0, 1 << 16, 0, KEY)[1]) <= 0.5 for i in range(300)]
        small.run("adoption", adopt_by_threshold, t=4)
        assert (small.c.adoption_period[:300] == 5).tolist() == low
        assert 100 < sum(low) < 200
        small.c.adoption_period[600:] = -1
        small.run("adoption", adopt_by_threshold, t=5)
        assert (small.c.adoption_period[:300] == 5).tolist() == low, "a threshold is for life"


class TestAgainstExactValues:
    """Three standard errors over replications; steps of a fiftieth of a year lag behind continuous time by far less."""

    @pytest.mark.parametrize(("p", "q"), [(0.01, 0.1), (0.03, 0.38)])
    @pytest.mark.parametrize(
        ("network", "customers", "column", "replications"),
        [
            ({"kind": "complete"}, 100, "complete_M100", 40),
            ({"kind": "complete"}, 1000, "complete_M1000", 12),
            ({"kind": "ring", "neighbours": 2}, 4000, "ring_1D_infinite", 10),
            ({"kind": "ties", "ties": [(2 * i, 2 * i + 1) for i in range(1000)]}, 2000, "two_node", 20),
            ({"kind": "ring", "neighbours": 2, "isolated": 2000}, 2000, "no_wom_q0", 20),
        ],
    )
    def test_bass_on_graphs(self, network, customers, column, replications, p, q):
        rows = [row for row in DATA["bass_network"] if (row["p"], row["q"]) == (p, q) and row["t"] in (5, 10, 20)]
        ties = Network.parse(network).build(customers, stream_key(1, "graph"), 0)
        times = [int(row["t"]) for row in rows]
        found = np.array([diffusion(ties, p, q, times, replication) for replication in range(replications)])
        error = found.std(axis=0, ddof=1) / math.sqrt(replications)
        lag = (p + q) / 2 / 50  # the most that imitation of half a step earlier could add
        for mean, se, row in zip(found.mean(axis=0), error, rows, strict=True):
            assert abs(mean - row[column]) < 3 * se + lag * row[column] * (1 - row[column]), row["t"]

    @pytest.mark.parametrize("row", DATA["gleeson"], ids=lambda row: f"{row['z']:g}-{row['rho0']:g}")
    def test_final_share_of_cascades(self, row):
        """Within .01, with 20,000 customers and three graphs."""
        seeds = round(row["rho0"] * 20_000)
        found = [cascade(row["z"], row["phi"], seeds, 20_000, replication) for replication in range(3)]
        assert np.mean(found) == pytest.approx(row["final_density"], abs=0.01)

    @pytest.mark.parametrize(
        "row", [row for row in DATA["watts_window"] if row["z_upper"]], ids=lambda r: str(r["phi"])
    )
    def test_one_customer_sets_off_a_cascade_only_inside_the_window(self, row):
        """Of 100 single first adopters more than one sets off a cascade inside the window, and none above it."""
        started = {
            z: sum(cascade(z, row["phi"], 1, 4000, replication) > 0.2 for replication in range(100))
            for z in (row["z_lower"] + 1.0, row["z_upper"] + 2.0)
        }
        inside, above = started.values()
        assert inside > 1
        assert above == 0

    @pytest.mark.endurance
    @pytest.mark.parametrize("row", [row for row in DATA["watts_window"] if row["phi"] in (0.1, 0.18, 0.24)])
    def test_at_the_edges_of_the_window_a_cascade_neither_grows_nor_dies_out(self, row):
        """One who adopts after a single neighbour leads to one other on average, within 3 standard errors; inside the
        window, at twice its lower edge, to more, and a quarter above its upper edge to fewer.
        """
        low, high = row["z_lower"], row["z_upper"]
        for edge in (low, high):
            growth, error = growth_of_a_cascade(edge, row["phi"])
            assert abs(growth - 1) < 3 * error < 0.2
        growth, error = growth_of_a_cascade(2 * low, row["phi"])
        assert growth - 1 > 3 * error
        growth, error = growth_of_a_cascade(1.25 * high, row["phi"])
        assert 1 - growth > 3 * error

    def test_where_there_is_no_window_a_cascade_dies_out(self):
        """At a threshold of .26 the mean degree that helps most is 1.62: a neighbour leads to .84 others."""
        growth, error = growth_of_a_cascade(1.62, 0.26)
        assert 1 - growth > 3 * error
        assert growth == pytest.approx(1.62 * math.exp(-1.62) * 2.62, abs=3 * error)


@settings(max_examples=examples(25), deadline=None)
@given(
    rule=st.sampled_from(["bass", "threshold"]), share=st.floats(0.01, 0.99), spread=st.floats(0, 1),
    p=st.floats(0, 50), q=st.floats(0, 50), seed=st.integers(0, 9),
)  # fmt: skip
def test_adopters_never_fall(rule, share, spread, p, q, seed):
    """Nobody gives adoption up, everybody is counted once, and only adopters have occasions."""
    given_ = {"rule": rule, "initial_adopters": share, "threshold_spread": spread, "innovation": p, "imitation": q}
    world = ran(market(customers=80, periods=12, adoption=given_), seed=seed)
    have, new, have_not = (world.tallied(name)[:, -1] for name in ("adopters", "adoptions", "not_adopted"))
    np.testing.assert_array_equal(np.diff(have), new[1:])
    np.testing.assert_array_equal(have + have_not, 80)
    period = world.customers.adoption_period
    assert (period >= 0).sum() == have[-1]
    bought = (world.customers.last_purchase >= 0).any(axis=0)
    assert (world.customers.last_purchase.max(axis=0) >= period)[bought].all()
    assert (period >= 0)[bought].all()


def test_a_complete_graph_is_bass():
    """The mean of 8 markets of 1,000 customers who all know each other is the closed form, within 3 standard errors.

    Early luck, of a variance of about q / p adopters in 1,000, moves the whole curve: at the middle by a standard error
    of (1/4) (.38 / .03 / 8,000)^(1/2) = .01.
    """
    p, q, periods = 0.03, 0.38, 52 * 14
    adoption = {"innovation": p, "imitation": q, "initial_adopters": 0.0}
    scenario = market(1000, periods, adoption, network={"kind": "complete"}, off=["word_of_mouth"])
    found = np.mean([ran(scenario, seed=seed).tallied("adopters")[:, -1] for seed in range(8)], axis=0) / 1000
    years = (np.arange(periods) + 1) / 52
    fall = np.exp(-(p + q) * years)
    np.testing.assert_allclose(found, (1 - fall) / (1 + q / p * fall), atol=0.03)


def test_measures_of_the_market():
    counts = {"visits": [3, 1, 0], "adopters": [0, 0, 30], "not_adopted": [0, 0, 70], "adoptions": [0, 0, 10]}
    counts |= {"stage_sum": [0, 0, 3], "stage_periods": [0, 0, 2]}
    tallied = Tallied({name: np.array(values, np.float64) for name, values in counts.items()}, year=52, periods=1)
    share, rate, stage = (measure(tallied) for measure in Adoption.kpis)
    assert share.tolist() == [0.3, 0.3]
    assert rate.tolist() == [52 * 10 / 80] * 2
    assert stage.tolist() == [1.5, 1.5]


def test_stage_follows_yearly_visits():
    """Rising sales are growth, level ones maturity, and there is no stage before two years have passed."""
    world = ran(market(600, 8 * 20, {"innovation": 0.3, "imitation": 2.0, "stage_every": 20}, periods_per_year=20))
    known, code = world.tallied("stage_periods")[:, -1], world.tallied("stage_sum")[:, -1]
    np.testing.assert_array_equal(known, np.arange(160) >= 40)
    sales = world.tallied("visits")[:, :-1].sum(axis=1).reshape(8, 20).sum(axis=1)
    share = world.tallied("adopters")[19::20, -1] / 600
    expected = [stage_of(sales[y - 1] / sales[y - 2] - 1, share[y - 1], 0.10, 0.16) for y in range(2, 8)]
    np.testing.assert_array_equal(code[40::20], expected)
    assert expected[0] == GROWTH
    assert expected[-1] in (MATURITY, DECLINE)


@pytest.mark.parametrize("growth_from", [0.05, 0.1, 0.15, 0.2, 0.45, 0.9])
def test_growth_of_just_the_least_is_growth(growth_from):
    """From 100 visits a year to so many more in the next, as from 100 to 120 at 0.2; one visit fewer is not enough."""
    more = round(100 * growth_from)
    for latest, stage in ((100 + more, GROWTH), (99 + more, MATURITY)):
        world = ran(market(50, 2, periods_per_year=1))
        world.history[:] = 0
        world.history[:, world.rows["visits"], 0] = (100, latest)
        world.history[:, world.rows["adopters"], -1], world.history[:, world.rows["not_adopted"], -1] = 9, 1
        Adoption(growth_from=growth_from).judge_stage(world, 2)
        assert world.customers.life_cycle_stage[0] == stage


def test_newcomers_begin_without_it():
    """Of a population that is renewed, who comes waits; the stock of adopters falls by who leaves."""
    adoption = {"innovation": 0.0, "imitation": 0.0, "initial_adopters": 0.9}
    world = ran(market(300, 40, adoption, renewal={"leaving_rate": 0.8, "every": 10}))
    newcomers = world.customers.customer_id >= 300
    assert newcomers.any()
    assert (world.customers.adoption_period[newcomers] == -1).all()
    assert (world.customers.adoption_period[~newcomers] == 0).mean() > 0.8
    assert (np.diff(world.tallied("adopters")[:, -1])[9::10] < 0).all()


def test_nobody_has_to_adopt_if_all_have():
    plain = Scenario.parse({"population": {"customers": 50}})
    assert plain.replace({"adoption": {"initial_adopters": 1.0}}).steps() == plain.steps()


@pytest.mark.parametrize("rule", ["bass", "threshold"])
def test_threads_and_tiles_change_nothing(rule):
    adoption = {"rule": rule, "innovation": 1.0, "threshold": 0.3, "threshold_spread": 0.3}
    scenario = market(3000, 30, adoption)
    plain = ran(scenario)
    for other in (
        ran(scenario, threads=2),
        ran(scenario, tile=64),
        ran(scenario, threads=2, tile=128),
    ):
        np.testing.assert_array_equal(plain.history, other.history)
        np.testing.assert_array_equal(plain.customers.adoption_period, other.customers.adoption_period)


def test_a_threshold_that_changes_is_followed():
    """Nobody moves at a threshold of 1 on a ring of few adopters; from the date on one neighbour is enough."""
    adoption = {"rule": "threshold", "threshold": 1.0, "initial_adopters": 0.05}
    change = {"name": "fashion", "from": 20, "set": {"adoption.threshold": 0.1}}
    have = ran(market(300, 40, adoption, changes=[change])).tallied("adopters")[:, -1]
    assert have[19] < 60
    assert have[20] > have[19]
    assert have[-1] == 300


@pytest.mark.parametrize("rule", ["bass", "threshold"])
def test_kernels_keep_to_their_arrays(rule):
    check_kernels(market(adoption={"rule": rule}))


def test_what_cannot_be_held_back_is_refused():
    with pytest.raises(Refusal, match=r"adoption.initial_adopters = 0.02, but everybody has one occasion every period"):
        market(adoption={}, need={"process": "every_period"})
    assert market(adoption={"initial_adopters": 1.0}, need={"process": "every_period"}).adoption.rule == "bass"


@pytest.mark.parametrize("spread", [0.0, 0.18])
def test_thresholds_without_a_beginning_are_refused(spread):
    """A spread as wide as the threshold leaves every threshold above 0; a wider one lets somebody begin, as 0 does."""
    own = {"rule": "threshold", "initial_adopters": 0.0, "threshold_spread": spread}
    with pytest.raises(Refusal, match=r"adoption.initial_adopters = 0, but by rule = .threshold. somebody has to"):
        market(adoption=own)
    assert threshold_of(2.0**-33, 0.18, spread) > 0.0
    for begins in ({"threshold_spread": 0.3}, {"threshold": 0.0}):
        assert ran(market(adoption={**own, **begins}, periods=2)).tallied("adopters")[-1, -1] > 0
    assert market(adoption={"initial_adopters": 0.0}).adoption.initial_adopters == 0.0
