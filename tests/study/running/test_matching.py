"""Matching: the value that is found keeps to the budget, and nothing but the study decides it."""

import re

import pytest

import abm
from abm.core.errors import Refusal
from abm.study.plan.overrides import overrides
from abm.study.running.matched import matched
from abm.study.running.runner import run
from abm.study.running.search import NotFound, around, between
from abm.study.storage.manifest import FILE, read_manifest

pytestmark = pytest.mark.slow

PRICE = {"by": "firms.north.price", "kpi": "lever_cost", "of": "revenue", "plus": 0.03}
POINTS = PRICE | {"by": "firms.north.program.reward", "between": [1.0, 60.0]}
KPIS = ("profit", "lever_cost", "revenue")


@pytest.fixture
def budget(study):
    """Make a study of two matched arms; keys given change the match of the price cut."""

    def make(design=None, **keys):
        arms = {
            "none": {},
            "points": {"firms.north.program": {"preset": "points"}, "match": POINTS},
            "cut": {"match": PRICE | keys},
        }
        more = {"design": design} if design else {}
        return study(arms=arms, kpis=KPIS, replications=10, **more)

    return make


def shares(results, arm):
    """Return lever_cost per revenue of an arm, of means over all runs."""
    cost, revenue = (results.block(kpi, arm, "north").mean() for kpi in ("lever_cost", "revenue"))
    return cost / revenue


def trying(search, gap):
    """Return what a search finds in a function, and the values that it tried."""
    tried = [next(search)]
    while True:
        try:
            tried.append(search.send(gap(tried[-1])))
        except StopIteration as end:
            return end.value, tried


def test_the_budget_is_kept(budget):
    results = run(budget(), workers=1)
    for arm in ("points", "cut"):
        assert shares(results, arm) - shares(results, "none") == pytest.approx(0.03, rel=0.01)


def test_a_difference_in_the_unit_of_the_kpi_and_below_another_arm(budget):
    found = matched(budget(of="", plus=-2.0, kpi="profit", tolerance=0.02), workers=1)
    row = found.table.set_index("arm").loc["cut"]
    assert row["reached"] == pytest.approx(-2.0, rel=0.02)
    results = run(found.experiment, workers=1)
    assert results.paired("profit", "cut").mean == pytest.approx(row["reached"])


def test_it_is_matched_at_the_mean_of_all_points(budget):
    design = abm.grid({"word_of_mouth.decay": [0.5, 0.85], "firms.south.price": [1.0, 1.2]})
    results = run(budget(design), workers=1)
    assert shares(results, "cut") - shares(results, "none") == pytest.approx(0.03, rel=0.01)


@pytest.mark.endurance
def test_workers_and_threads_change_nothing(budget, tmp_path):
    alone = matched(budget(), workers=1)
    assert alone.table.equals(matched(budget(), tmp_path, workers=2).table)
    assert alone.table.equals(matched(budget(), workers=1, threads=2).table)
    assert alone.table.equals(matched(budget().replace(replications=3), workers=1).table)


def test_what_is_stored_is_read_only(budget, tmp_path, done):
    first = run(budget(), tmp_path, workers=1)
    written = (tmp_path / FILE).stat().st_mtime_ns
    done.clear()
    assert run(budget(), tmp_path, workers=1).canonical() == first.canonical()
    assert not done
    assert (tmp_path / FILE).stat().st_mtime_ns == written


def test_the_runs_of_what_was_found_are_runs_of_the_study(budget, tmp_path, done):
    found = matched(budget(), tmp_path, workers=1)
    assert not (tmp_path / FILE).exists()
    done.clear()
    run(found.experiment.replace(replications=11), tmp_path, workers=1)
    assert sorted(done) == [("cut", 0, 10), ("none", 0, 10), ("points", 0, 10)]


def test_arms_are_ordinary_and_the_folder_says_what_was_found(budget, tmp_path):
    found = matched(budget(), tmp_path, workers=1)
    assert not found.experiment.matches
    value = found.experiment.matched[1].value
    assert found.experiment.arms["cut"] == {"firms.north.price": value}
    assert value == float(f"{value:.6g}")
    run(budget(), tmp_path, workers=1)
    assert read_manifest(tmp_path).matched == found.table.to_dict("records")
    assert abm.Experiment.from_dict(found.experiment.to_dict()) == found.experiment


@pytest.mark.endurance
def test_other_questions_find_the_values_themselves(budget):
    found = matched(budget(), workers=1).experiment
    precise = abm.run_until(budget(), {"profit": 1e6}, workers=1)
    assert precise.results.sheet.digests == found.sheet.digests
    verdict = abm.compare(budget(), "profit", zone=5.0, max_runs=60, workers=1)
    assert verdict.experiment.sheet.digests == found.sheet.digests


def test_a_study_file_and_an_override_say_it_too(budget):
    study = abm.Experiment.from_dict(budget().to_dict())
    assert study == budget()
    assert overrides(study, ["arms.cut.match.plus=0.05"]).matches["cut"].plus == 0.05
    with pytest.raises(Refusal, match="arm 'none' has no match to change"):
        overrides(study, ["arms.none.match.plus=0.05"])


def test_a_date_of_the_arm_is_kept(study):
    arms = {"none": {}, "cut": {"from": 3, "firms.north.price": 0.9, "match": PRICE}}
    found = matched(study(arms=arms, kpis=KPIS), workers=1)
    arm = found.experiment.arms["cut"]
    assert arm["from"] == 3
    assert arm["firms.north.price"] == found.table["value"][0] != 0.9


def test_an_open_value_has_no_runs(budget):
    with pytest.raises(Refusal, match=r"arms.points.match: leaves 'firms.north.program.reward' open; abm.matched"):
        len(budget().sheet)


def test_what_cannot_be_reached_is_refused_with_both_ends(budget, tmp_path):
    with pytest.raises(Refusal) as refusal:
        run(budget(between=[0.99, 0.995]), tmp_path, workers=1)
    assert "arms.cut.match: no value found that raises lever_cost by 3 % of revenue" in str(refusal.value)
    assert re.search(
        r"firms.north.price = 0.99 (raises|lowers) lever_cost by .* and 0.995 (raises|lowers)", str(refusal.value)
    )
    assert not (tmp_path / FILE).exists()


def test_failed_trials_are_refused(budget, world, own):
    study = budget().replace(scenario=world.adding(own.Fragile(in_replication=1)))
    with pytest.raises(Refusal, match=r"trial run failed .* broke in replication 1"):
        run(study, workers=1)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"by": "firms.north.pricee"}, r"cut.match.by: no Firm parameter 'pricee' .*did you mean 'price'"),
        ({"by": "firms.north.name"}, r'cut.match.by = .* is "north", and only a number with decimals'),
        ({"kpi": "lever_costs"}, r'cut.match.kpi = "lever_costs" is not measured .*did you mean .lever_cost'),
        ({"of": "csi"}, r'cut.match.of = "csi" is not measured by the study'),
        ({"of": "lever_cost"}, r"cut.match.of = .* is the KPI itself"),
        ({"against": "nobody"}, r'cut.match.against = "nobody" is no arm; there is none or points'),
        ({"against": "cut"}, r'cut.match.against = "cut" is the arm itself; name none'),
        ({"against": "points"}, r'cut.match.against = "points" is matched too; name none'),
        ({"firm": "alone"}, r'cut.match.firm = "alone" is no firm; there is north'),
        ({"between": [2.0, 1.0]}, r"cut.match.between = \[2.0, 1.0\] must rise"),
        ({"between": [-1.0, 1.0]}, r"cut.match.between.*price = -1.0 is outside"),
        ({"tolerance": 0.0}, r"cut.match.tolerance = 0.0 is outside"),
        ({"pluss": 1.0}, r"cut.match: no Match parameter 'pluss'; did you mean 'plus'"),
    ],
)
def test_matches_of_no_use_are_refused(budget, keys, said):
    with pytest.raises(Refusal, match=said):
        budget(**keys)


@pytest.mark.parametrize("slope", [3.0, -3.0])
@pytest.mark.parametrize("start", [0.0, 0.7, 40.0, -3.0])
def test_a_search_finds_what_lies_on_either_side(start, slope):
    value, tried = trying(around(start, -50.0, 1e3, 1e-3), lambda x: slope * (x - 7.0) ** 3)
    assert abs(3.0 * (value - 7.0) ** 3) <= 1e-3
    assert value == tried[-1]
    assert len(tried) < 40


def test_a_search_ends_at_bounds_and_at_jumps():
    with pytest.raises(NotFound) as ends:
        trying(around(1.0, 0.0, 5.0, 0.01), lambda x: 1.0 + x)
    assert (ends.value.low, ends.value.high) == (0.0, 5.0)
    with pytest.raises(NotFound) as ends:
        trying(between(0.0, 5.0, 0.01), lambda x: 1.0 if x > 2.0 else -1.0)
    assert ends.value.low <= 2.0 <= ends.value.high
    assert ends.value.high - ends.value.low < 1e-4


def test_where_the_kpi_jumps_the_nearer_value_is_taken_and_it_is_said(budget, tmp_path):
    """A stamp more or less is a whole number of rewards: of ten customers' rewards no half can be given."""
    study = budget().replace(
        scenario=abm.Scenario(periods=20, population={"customers": 12}),
        arms={
            "none": {},
            "points": {
                "firms.north.program": {"preset": "points", "hassle": 0.0, "redemption": 1.0},
                "match": {"by": "firms.north.program.earn_rate", "kpi": "lever_cost", "plus": 7.77, "replications": 2},
            },
        },
        kpis=("profit", "lever_cost"),
        groups={},
        expect=(),
        replications=2,
    )
    with pytest.warns(UserWarning, match=r"arms.points.match: .*earn_rate = .* as the KPI jumps there; more customers"):
        found = abm.matched(study, workers=1)
    (arm,) = found.experiment.matched
    assert abs(arm.reached - arm.target) > 0.01 * arm.target
    assert found.experiment.arms["points"]["firms.north.program"].earn_rate == arm.value
