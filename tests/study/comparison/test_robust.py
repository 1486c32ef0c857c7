"""Robustness: who wins where, what the others lose there, and what the space as a whole says."""

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import Refusal
from abm.study.comparison.compare import compare
from abm.study.comparison.robust import robust
from abm.study.plan.design import Design, grid
from abm.study.storage.results import read

SPACE = {"firms.north.service.quality_cost": [0.0, 30.0], "firms.south.price": [1.0, 1.2]}


@pytest.fixture
def uncertain(study):
    """Better service pays where quality costs nothing, and nowhere else."""
    return study(arms={"none": {}, "service": {"firms.north.service.quality": 0.95}}, design=grid(SPACE))


@pytest.mark.endurance
def test_arms_race_in_the_kpi_of_a_group_at_each_point(uncertain):
    apart = uncertain.replace(groups={"rate": {"by": "purchase_rate", "parts": 2}})
    found = robust(apart, "profit", zone=20.0, group="rate_low", workers=1)
    assert found.statement.startswith("the highest profit of north's customers in 'rate_low' at ")
    alone = compare(apart, "profit", zone=20.0, group="rate_low", point=0, workers=1)
    pd.testing.assert_frame_equal(found.verdicts[0].table, alone.table)


def test_each_point_has_the_verdict_that_it_has_alone(uncertain, tmp_path, done):
    found = robust(uncertain, "profit", zone=10.0, store=tmp_path, workers=1)
    assert found.runs == len(done) == len(set(done))
    assert [one.best for one in found.verdicts] == ["service", "service", "none", "none"]
    done.clear()
    for point, one in enumerate(found.verdicts):
        alone = compare(uncertain, "profit", zone=10.0, point=point, store=tmp_path, workers=1)
        assert one.statement == alone.statement
        pd.testing.assert_frame_equal(one.table, alone.table)
    assert done == []


def test_regret_is_what_the_runs_say(uncertain, tmp_path):
    found = robust(uncertain, "profit", zone=10.0, store=tmp_path, workers=1)
    results = read(tmp_path)
    for row in found.table.to_dict("records"):
        one = found.verdicts[row["point"]]
        both = int(one.table["runs"].min())
        leader, own = (results.block("profit", arm, "north")[row["point"]][:both] for arm in (one.best, row["arm"]))
        assert row["regret"] == pytest.approx((leader - own).mean())
        assert row["best"] == (row["arm"] == one.best)
    assert list(found.table.columns) == [
        "point", *SPACE, "weight", "arm", "mean", "regret", "best", "decided",
    ]  # fmt: skip
    assert len(found.table) == 4 * 2
    own = found.table[found.table["arm"] == "service"]
    about = found.arms.set_index("arm").loc["service"]
    assert about["mean_regret"] == pytest.approx(own["regret"].mean())
    assert about["largest_regret"] == own["regret"].max()
    assert about["worst_point"] == own.loc[own["regret"].idxmax(), "point"]
    assert (about["points"], about["share"]) == (2, 0.5)


def test_the_sentence(uncertain):
    found = robust(uncertain, "profit", zone=10.0, workers=1)
    assert str(found) == found.statement
    assert found.statement.startswith("the highest profit of north at 4 points: ")
    assert "'service' at 2 (50% of the space)" in found.statement
    assert "everywhere costs" in found.statement
    assert f"(0.95 confidence at each point, within 10 cu/customer/year, {found.runs} runs)" in found.statement
    assert found.decided
    assert found.saving == found.runs_independent / found.runs


def test_an_arm_that_leads_everywhere(uncertain):
    everywhere = uncertain.replace(design=grid({"firms.south.price": [1.0, 1.2]}))
    found = robust(everywhere, "profit", zone=10.0, largest=False, workers=1)
    winner = found.arms["arm"][0]
    assert found.arms["share"][0] == 1.0
    assert f"'{winner}' leads everywhere" in found.statement


def test_points_that_are_drawn_twice_weigh_twice(uncertain):
    choices = Design("latin_hypercube", {"firms.south.program": [{}, {"preset": "points"}]}, 5, seed=1)
    assert len(choices) < 5
    found = robust(uncertain.replace(design=choices), "profit", zone=20.0, workers=1)
    counts = np.bincount(choices.index) / 5
    assert found.table.drop_duplicates("point")["weight"].to_list() == pytest.approx(counts)


def test_together_asks_more_of_each_point(uncertain, tmp_path):
    each = robust(uncertain, "profit", zone=20.0, store=tmp_path, workers=1)
    both = robust(uncertain, "profit", zone=20.0, together=True, store=tmp_path, workers=1)
    assert [one.question.confidence for one in both.verdicts] == pytest.approx([1 - 0.05 / 4] * 4)
    assert both.runs >= each.runs
    assert "0.95 confidence for all points together" in both.statement


def test_points_that_are_not_decided(trio):
    close = trio.replace(design=grid({"firms.south.price": [1.0, 1.2]}))
    found = robust(close, "profit", zone=1e-6, max_runs=2 * 42, workers=1)
    assert not found.decided
    assert [one.contenders for one in found.verdicts] == [("better", "dear")] * 2
    assert found.runs == 80
    assert "at 2 points: none is decided; " in found.statement
    assert not found.table["best"].any()
    assert not found.arms["share"].any()
    # the leading arm still has no regret, the others what they lose against it
    assert found.table.loc[found.table["arm"] == "better", "regret"].to_list() == [0.0, 0.0]
    assert (found.table.loc[found.table["arm"] == "none", "regret"] > 1).all()


def test_one_point_is_a_space_too(study):
    found = robust(study(), "profit", zone=50.0, workers=1)
    assert len(found.verdicts) == 1
    assert found.table["weight"].to_list() == [1.0, 1.0]


def test_check(uncertain, done):
    found = robust(uncertain, "profit", zone=50.0, workers=1)
    done.clear()
    assert found.check(replications=2, workers=1).ok
    assert len(done) == 2 * 2 * 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"together": 1}, "together = 1 is not a bool"),
        ({"max_runs": 79}, "max_runs = 79 is below the pilot: 2 arms x 4 points x 10 = 80 runs"),
        ({"zone": 0.0}, "zone = 0.0 is not a number above 0"),
    ],
)
def test_refusals(uncertain, changes, message):
    with pytest.raises(Refusal) as refusal:
        robust(uncertain, "profit", **({"zone": 1.0, "workers": 1} | changes))
    assert str(refusal.value).startswith(message)
