"""Sensitivity of the market: which runs are needed, what is made of them, and what is refused."""

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.scenario.measures import BY_NAME
from abm.study.plan import checks
from abm.study.plan.design import Design, grid, latin_hypercube, morris, saltelli
from abm.study.running.runner import run
from abm.study.sensitivity.analysis import analysed, planned, sensitivity
from abm.study.sensitivity.indices import analyse
from abm.study.storage.results import read

RATE, PRICE = "word_of_mouth.contact_rate", "firms.south.price"
FACTORS = {PRICE: (0.8, 1.2), RATE: "spec"}


@pytest.fixture
def uncertain(study):
    """Two arms, two factors."""

    def make(**changes):
        return study(**{"design": latin_hypercube(FACTORS, 4), "kpis": ("profit", "market_share"), **changes})

    return make


def test_the_runs_of_a_sobol_analysis(uncertain):
    plan = planned(uncertain(), "profit", samples=8)
    assert plan.design == saltelli({PRICE: (0.8, 1.2), RATE: (0.0, 1.0)}, 8)
    assert list(plan.arms) == ["none", "cheap"]
    assert plan.name == "small_sobol"
    assert plan.seed == uncertain().seed
    assert plan.design.points == uncertain(design=saltelli(FACTORS, 8)).design.points


def test_the_arms_that_are_needed(uncertain):
    study = uncertain(arms={"none": {}, "cheap": {"firms.north.price": 0.9}, "dear": {"firms.north.price": 1.1}})
    assert list(planned(study, "profit", arm="dear").arms) == ["dear"]
    assert list(planned(study, "profit", arm="dear", against="cheap").arms) == ["cheap", "dear"]
    assert planned(study, "profit", arm="dear", against="cheap").sheet.baseline == "cheap"
    assert list(planned(study, "profit", against="none").arms) == ["none", "cheap", "dear"]


def test_a_kpi_that_the_study_does_not_measure_is_added(uncertain):
    assert [kpi.name for kpi in planned(uncertain(), "csi").kpis] == ["profit", "market_share", "csi"]
    assert planned(uncertain(), "market_share").kpis == uncertain().kpis  # so that stored runs stay good


def test_factors_of_ones_own(uncertain):
    plan = planned(uncertain(design=Design()), "profit", method="morris", samples=4, factors={"trust.growth": "spec"})
    assert plan.design == morris({"trust.growth": (0.0, 1.0)}, 4)


def test_levels_of_a_grid_are_what_is_drawn_from(uncertain):
    plan = planned(
        uncertain(design=grid({PRICE: [1.2, 0.8, 1.0], "choice.market": ["lost_for_good", "always_a_share"]})), "csi"
    )
    assert plan.design.factors == {PRICE: (0.8, 1.2), "choice.market": ("lost_for_good", "always_a_share")}


def test_the_points_of_a_tornado(uncertain):
    design = planned(uncertain(), "profit", method="tornado").design
    assert design.points == (
        {PRICE: 1.0, RATE: 0.25},
        {PRICE: 0.8, RATE: 0.25},
        {PRICE: 1.2, RATE: 0.25},
        {PRICE: 1.0, RATE: 0.0},
        {PRICE: 1.0, RATE: 1.0},
    )


def test_a_tornado_starts_also_from_arms_that_have_a_label_or_begin_late(uncertain):
    plain = planned(uncertain(), "profit", method="tornado")
    arms = {"none": {"label": "As it is"}, "cheap": {"from": 3, "firms.north.price": 0.9}}
    assert planned(uncertain(arms=arms), "profit", method="tornado").design == plain.design


def test_a_tornado_tries_every_choice_and_no_setting_that_is_there_already(uncertain):
    factors = {"choice.rule": ("mnl", "habit", "threshold"), RATE: (0.25, 0.5)}
    points = planned(uncertain(), "profit", method="tornado", factors=factors).design.points
    assert [tuple(point.values()) for point in points] == [
        ("mnl", 0.25),
        ("habit", 0.25),
        ("threshold", 0.25),
        ("mnl", 0.5),
    ]


@pytest.mark.parametrize("method", ["sobol", "morris", "tornado"])
def test_the_analysis_is_of_the_difference_point_by_point(uncertain, tmp_path, method):
    samples = {} if method == "tornado" else {"samples": 8}
    found = sensitivity(
        uncertain(), "profit", method=method, against="none", store=tmp_path / "s", workers=1, **samples
    )
    results = read(tmp_path / "s")
    block = results.block("profit", "cheap", "north") - results.block("profit", "none", "north")
    expected = analyse(results.sheet.design, block)
    assert found.of("cheap").drop(columns="arm").equals(expected.table)
    assert found.outputs.to_dict("records")[0].items() >= {"arm": "cheap", "noise_share": expected.noise_share}.items()
    assert (found.method, found.firm, found.against, found.arms) == (method, "north", "none", ("cheap",))
    assert found.unit == BY_NAME["profit"].unit
    assert (found.runs, found.failed) == (len(results.sheet), 0)
    assert found.statement.startswith("profit of north, 'cheap' minus 'none': ")
    assert str(found) == found.statement


def test_each_arm_by_itself(uncertain):
    found = sensitivity(uncertain(replications=1), "market_share", "south", "morris", 4, workers=1)
    assert found.arms == ("none", "cheap")
    assert found.table["arm"].tolist() == ["none", "none", "cheap", "cheap"]
    assert set(found.of("cheap")["factor"]) == set(FACTORS)
    assert found.of("none")["factor"][0] == PRICE  # a share hangs on the price more than on word of mouth
    assert "market_share of south, 'none': firms.south.price (mu* " in found.statement
    assert " market_share of south, 'cheap': " in found.statement


def test_more_samples_and_replications_keep_the_runs_there_are(uncertain, tmp_path):
    def done(samples, replications, **arms):
        reports = []
        study = uncertain(replications=replications, kpis=("profit",))
        options = {"method": "morris", "samples": samples, **arms}
        sensitivity(study, "profit", store=tmp_path, workers=1, progress=lambda *now: reports.append(now), **options)
        points = len(planned(study, "profit", **options).design)
        return reports[0][0] / points / replications, reports[-1][
            1
        ] / points / replications  # stored before, runs in all

    assert done(4, 1, arm="none") == (0, 1)
    assert done(4, 1, arm="none") == (1, 1)
    assert 0 < done(8, 1, arm="none")[0] < 1
    assert done(8, 2, arm="none") == (0.5, 1)
    assert done(8, 2, arm="cheap", against="none") == (1, 2)


def test_runs_that_fail_are_left_out_and_counted(uncertain, own, world):
    """A replication that always fails is left out as a whole; a failed run takes its samples with it."""
    fragile = world.adding(own.Fragile(in_replication=1))
    found = sensitivity(uncertain(scenario=fragile), "profit", method="morris", samples=4, arm="none", workers=1)
    assert found.failed == len(
        planned(uncertain(scenario=fragile), "profit", method="morris", samples=4, arm="none").design
    )
    assert found.outputs[["replications", "left_out", "dropped"]].to_numpy().tolist() == [[2, 1, 0]]
    assert "1 replication is left out, as most of its values are missing." in found.statement


def test_points_that_contradict_themselves_are_failed_runs(uncertain, monkeypatch):
    """Of a design too large to be checked point by point: burn-in is longer than the run at some."""
    monkeypatch.setattr(checks, "MOST_POINTS_CHECKED", 0)
    factors = {"periods": (4, 8), "burn_in": (0, 5), PRICE: (0.8, 1.2)}
    study = uncertain(kpis=("profit",), replications=1)
    plan = planned(study, "profit", method="morris", samples=20, arm="none", factors=factors)
    results = run(plan, workers=1)
    found = analysed(results, "profit")
    assert found.failed > 0
    assert set(results.failed["error"]) == {"Refusal"}
    dropped = int(found.outputs["dropped"].iloc[0])
    assert 0 < dropped < 17
    assert f"{dropped} of 20 samples are left out, as a value is missing." in found.statement
    assert np.isfinite(found.table["mu_star"]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kpi": "proft"}, "= \"proft\" is no KPI; did you mean 'profit'?"),
        ({"firm": "nroth"}, "= \"nroth\" is no firm; did you mean 'north'?"),
        ({"arm": "chep"}, "= \"chep\" is no arm; did you mean 'cheap'?"),
        ({"against": "non"}, "= \"non\" is no arm; did you mean 'none'?"),
        ({"arm": "none", "against": "none"}, "against: 'none' minus itself is nothing; name another arm"),
        ({"method": "sobl"}, "method = \"sobl\" is not sobol, morris or tornado; did you mean 'sobol'?"),
        ({"samples": 100}, "samples = 100 is not a power of two, which a Sobol sequence needs to be even; take 64"),
        ({"samples": 4}, "samples = 4 is outside [8, "),
        ({"samples": 0}, "samples = 0 is outside [8, "),
        ({"samples": True}, "samples = true is not a whole number"),
        ({"samples": 2**22}, "samples = 4194304 makes 16,777,216 points; an experiment has at most"),
        ({"samples": 2**20}, "2 arms x 4,194,304 points x 3 replications are 25,165,824 runs"),
        ({"method": "morris", "samples": 2}, "samples = 2 is outside [4, "),
        ({"method": "tornado", "samples": 8}, "samples = 8, but a tornado tries each factor at its ends"),
        ({"factors": {"trust.grwth": (0, 1)}}, "did you mean 'growth'?"),
        ({"factors": {"firms.north.price": (0.5, 1.5)}}, "the arm sets 'firms.north.price' itself"),
        ({"factors": {}}, 'factors = {} gives method "latin_hypercube" nothing to draw'),
        ({"method": "tornado", "factors": {"choice.reconsider_after": (4, 52)}}, "is not set, and a tornado"),
        ({"confidence": 0.0}, "confidence = 0.0 is outside (0, 1)"),
        ({"confidence": float("nan")}, "confidence = nan is outside (0, 1)"),
        ({"workers": 0}, "workers = 0 is outside [1, "),
    ],
)  # fmt: skip
def test_refused(uncertain, changes, message):
    changes = {"kpi": "profit", **changes}
    with pytest.raises(Refusal) as refusal:
        sensitivity(uncertain(), **changes)
    assert message in str(refusal.value)


def test_a_study_without_factors_is_refused(study):
    with pytest.raises(Refusal, match=r"design\.factors: has no factors, so there is nothing to vary"):
        sensitivity(study(), "profit")


def test_a_single_level_is_refused(uncertain):
    with pytest.raises(Refusal, match=r"firms\.south\.price = \[1\.0\] is a single value, which does not vary"):
        sensitivity(uncertain(design=grid({PRICE: [1.0], RATE: [0.1, 0.2]})), "profit")


def test_an_arm_alone_has_nothing_to_be_compared_with(study):
    with pytest.raises(Refusal, match="'base' is the only arm; leave it out to analyse the KPI itself"):
        sensitivity(study(arms={}, design=latin_hypercube(FACTORS, 4)), "profit", against="base")


def test_a_tornado_needs_one_starting_point(study):
    arms = {name: {"firms.north.program": {"preset": name}} for name in ("points", "tiers")}
    factors = {"firms.north.program.hassle": (0.0, 9.0), "firms.north.program.earn_rate": (0.0, 0.1)}
    different = study(arms=arms)
    with pytest.raises(Refusal, match="is not the same in all arms, and a tornado starts from it; analyse one arm"):
        planned(different, "profit", method="tornado", factors=factors)
    assert len(planned(different, "profit", method="tornado", factors=factors, arm="tiers").design) >= 4


def test_results_of_another_design_are_refused(study):
    results = run(study(arms={}, replications=1), workers=1)
    with pytest.raises(Refusal, match='method = "none" is no design for sensitivity'):
        analysed(results, "profit")


@pytest.mark.parametrize(
    ("method", "samples", "said"),
    [("sobol", 100, "is not a power of two"), ("morris", 1, "outside"), ("tornado", 8, "leave samples out")],
)
def test_samples_are_refused_before_any_trial_run(uncertain, method, samples, said, monkeypatch):
    def no_trials(*_, **__):
        raise AssertionError("trial runs were done")

    monkeypatch.setattr("abm.study.sensitivity.analysis.with_matches", no_trials)
    with pytest.raises(Refusal, match=said):
        sensitivity(uncertain(), "profit", method=method, samples=samples)
