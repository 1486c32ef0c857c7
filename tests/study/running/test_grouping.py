"""Groups in runs: the same persons in every arm, the same bits however it is run, and tables by group."""

import numpy as np
import pandas as pd
import pytest

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import Grouping
from abm.study.running.grouping import GroupFinder, group_of
from abm.study.running.verify import verify

BASE = {"periods": 26, "burn_in": 13, "periods_per_year": 13, "population": {"customers": 400}}
LATE = {"from": 16, "firms.north.program": {"preset": "points", "hassle": 0.0}}
GROUPS = {
    "rate": {"by": "purchase_rate", "parts": 3},
    "member": {"by": "member", "arm": "points", "at": 26},
    "fan": {"by": "satisfaction", "levels": [0.75], "at": 13},
}


def experiment(**changes):
    values = {"arms": {"none": {}, "points": LATE}, "groups": GROUPS, "replications": 2, "seed": 3}
    kpis = ("profit", "share_of_wallet", "gini_of_spend")
    return Experiment("groups", abm.Scenario.parse(BASE), kpis=kpis, **(values | changes))


@pytest.fixture(scope="module")
def results():
    return abm.run(experiment(), workers=1)


def test_tables_have_a_row_for_each_group_and_for_everybody(results):
    labels = ["all", *results.groups]
    assert results.groups == ("rate_low", "rate_middle", "rate_high", "not_member", "member", "fan_low", "fan_high")
    runs = results.runs
    assert len(runs) == 2 * 2 * 3 * len(labels)
    assert list(runs.columns[:7]) == ["run_id", "arm", "point", "replication", "seed", "firm", "group"]
    assert set(runs["group"]) == set(labels)
    assert len(results.periods) == 26 * len(runs)
    assert set(results.periods["firm"]) == {"north", "east", "south"}


def test_everybody_is_as_without_groups(results):
    without = abm.run(experiment(groups={}), workers=1)
    assert "group" not in without.runs
    whole = results.runs[results.runs["group"] == "all"].drop(columns=["group", "run_id"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(whole, without.runs.drop(columns="run_id"))
    for kpi in results.kpis:
        assert str(results.paired(kpi, "points")) == str(without.paired(kpi, "points"))
    pd.testing.assert_frame_equal(results.table(), without.table())


def test_until_an_arm_differs_its_groups_are_those_of_the_baseline(results):
    table = results.periods.set_index(["replication", "period", "firm", "group"]).sort_index()
    none, points = (table[table["arm"] == arm]["profit"] for arm in ("none", "points"))
    apart = (points - none).abs().groupby(["period", "group"], observed=True).max().unstack()
    assert (apart.loc[:15].fillna(0) == 0).all(axis=None)
    assert apart.loc[16:, "member"].max() > 0


def test_profits_of_groups_add_up_to_that_of_everybody(results, world):
    """Per customer, weighted by how many there are; no cost of this market is one of firms as a whole."""
    runs = results.runs[results.runs["arm"] == "none"].set_index(["replication", "firm", "group"])["profit"].unstack()
    sizes = np.bincount(group_of(Grouping(by="purchase_rate", parts=3), "rate", world, 3))
    whole = (runs[["rate_low", "rate_middle", "rate_high"]].to_numpy() * sizes).sum(axis=1) / 400
    np.testing.assert_allclose(whole, runs["all"], rtol=1e-9)


def test_differences_of_a_group(results):
    member = results.paired("profit", "points", group="member")
    outside = results.paired("profit", "points", group="not_member")
    assert member.mean != outside.mean
    assert (
        results.table(group="member").query("arm == 'points' and kpi == 'profit'")["difference"].item() == member.mean
    )
    with pytest.raises(Refusal, match=r"no group .members. in the results; did you mean 'member'"):
        results.paired("profit", "points", group="members")


@pytest.mark.slow
def test_the_same_numbers_for_any_workers_threads_and_store(results, tmp_path):
    assert abm.run(experiment(), workers=2).canonical() == results.canonical()
    assert abm.run(experiment(), workers=1, threads=2).canonical() == results.canonical()
    abm.run(experiment(replications=1), store=tmp_path, workers=1)
    stored = abm.run(experiment(), store=tmp_path, workers=1)
    assert stored.canonical() == results.canonical()
    assert abm.read(tmp_path).groups == results.groups
    assert verify(tmp_path, sample=3).ok


def test_groups_of_a_design_are_those_of_each_point():
    design = abm.grid({"firms.north.service.quality": [0.5, 0.9]})
    found = abm.run(experiment(design=design, replications=1), workers=1).runs
    fans = found[(found["firm"] == "north") & (found["arm"] == "none") & (found["group"] == "fan_high")]
    poor, good = fans.sort_values("point")["profit"]
    assert np.isnan(poor)  # nobody is so satisfied with poor service, and a group of nobody has no profit
    assert good > 0


def test_criteria_may_be_about_a_group(results):
    claim = {"kpi": "profit", "arm": "points", "group": "member", "than": {"group": "not_member"}, "above": -1e6}
    judged = abm.judge(abm.run(experiment(expect=[claim]), workers=1))
    assert judged.loc[0, ["group", "verdict"]].tolist() == ["member", "met"]
    assert "among not_member" in judged.loc[0, "claim"]
    with pytest.raises(Refusal, match=r"group = \"members\" is no group; did you mean 'member'"):
        experiment(expect=[claim | {"group": "members"}])


@pytest.fixture(scope="module")
def world():
    engine = Engine(abm.Scenario.parse(BASE), 3)
    engine.run(13)
    return engine.world


class TestWhoIsInWhich:
    def test_terciles(self, world):
        rate = world.customers.purchase_rate
        group = group_of(Grouping(by="purchase_rate", parts=3), "rate", world, 3)
        assert np.bincount(group).tolist() == [133, 133, 134] or abs(np.bincount(group) - 133.3).max() < 1
        assert rate[group == 0].max() < rate[group == 1].min() < rate[group == 1].max() < rate[group == 2].min()

    def test_levels_and_who_has_no_value(self, world):
        satisfied = world.customers.satisfaction[1]
        group = group_of(Grouping(by="satisfaction", firm="east", levels=(0.7,)), "s", world, 3)
        np.testing.assert_array_equal(group, np.where(np.nan_to_num(satisfied, nan=0.0) >= np.float32(0.7), 1, 0))

    def test_equal_values_stay_together(self, world):
        world = world.only(slice(None))
        spend = np.repeat([0, 0, 0, 5], 100)
        world.customers.add("year_spend", spend[None, :])
        assert np.bincount(group_of(Grouping(by="year_spend", parts=4), "s", world, 3)).tolist()[0] == 300

    def test_draws_are_each_customers_own_and_near_the_share(self, world):
        group = group_of(Grouping(share=0.3), "drawn", world, 3)
        assert 0.2 < group.mean() < 0.4
        other = group_of(Grouping(share=0.6), "drawn", world, 3)
        assert (other >= group).all()
        assert (group_of(Grouping(share=0.3), "else", world, 3) != group).any()

    def test_lists(self, world):
        assert np.flatnonzero(group_of(Grouping(ids=(5, 17)), "panel", world, 3)).tolist() == [5, 17]

    def test_one_finding_serves_all_arms(self):
        study = experiment()
        finder = GroupFinder(study, study.scenario_of)
        assert finder.partition(0, 1) is finder.partition(0, 1)
        assert finder.partition(0, 0).cells == 12
        assert GroupFinder(experiment(groups={}), study.scenario_of).partition(0, 0) is None


def test_newcomers_are_in_no_group():
    """Groups found at the start and later hold who was there from the start, and are the same however it is run."""
    renewed = {"renewal": {"leaving_rate": 0.5, "every": 4}}
    study = Experiment(
        "groups", abm.Scenario.parse(BASE | renewed), arms={"none": {}}, replications=1, seed=3, kpis=("csi",),
        groups={"rate": {"by": "purchase_rate", "parts": 2}, "fan": {"by": "satisfaction", "levels": [0.75], "at": 13}},
    )  # fmt: skip
    engine = Engine(study.scenario_of("none", 0), 3, 0)
    engine.run(13)
    moved_in = engine.world.customers.customer_id >= 400
    found = GroupFinder(study, study.scenario_of).partition(0, 0)
    np.testing.assert_array_equal(found.cell_of == found.cells, moved_in)
    assert 0 < moved_in.sum() < 400
