"""What a calibration will try: defaults, ranges from the spec or the design, and everything refused before a run."""

import pytest

from abm.core.errors import Refusal
from abm.scenario.scenario import Scenario
from abm.study.calibration.plan import planned
from abm.study.calibration.targets import Target
from abm.study.plan.design import latin_hypercube

TARGETS = {"csi": (75, 1), "profit": (100, 5)}
FACTORS = {"switching_cost.switching_weight": (0, 6)}


def refusal(*arguments, **options):
    with pytest.raises(Refusal) as raised:
        planned(*arguments, **options)
    assert "\n" not in str(raised.value)
    return str(raised.value)


class TestPlanned:
    def test_of_a_scenario(self, world):
        plan = planned(world, FACTORS, TARGETS)
        assert plan.study.scenario == world
        assert list(plan.study.arms) == ["base"]
        assert [kpi.name for kpi in plan.study.kpis] == ["csi", "profit"]
        assert (plan.study.replications, plan.study.seed, plan.trials, plan.runs) == (10, 1, 100, 10)
        assert plan.ranges == {"switching_cost.switching_weight": (0.0, 6.0)}
        assert [target.firm for target in plan.targets] == ["north", "north"]

    def test_of_an_experiment_only_what_targets_ask_for_is_run(self, study):
        arms = {"none": {}, "cheap": {"firms.north.price": 0.9}, "dear": {"firms.north.price": 1.2}}
        target = Target("profit", 5, 1, arm="cheap", against="none")
        plan = planned(study(arms=arms), FACTORS, [target])
        assert list(plan.study.arms) == ["none", "cheap"]
        assert (plan.study.replications, plan.study.seed) == (3, 7)
        only = planned(study(arms=arms), FACTORS, [Target("profit", 5, 1, arm="dear")])
        assert list(only.study.arms) == ["dear"]
        assert planned(study(), FACTORS, TARGETS, replications=5, seed=2).study.replications == 5

    @pytest.mark.parametrize("factors", [["trust.growth"], {"trust.growth": None}, {"trust.growth": "spec"}])
    def test_bounds_of_the_parameter(self, world, factors):
        assert planned(world, factors, TARGETS).ranges == {"trust.growth": (0.0, 1.0)}

    def test_the_factors_of_the_design(self, study):
        design = latin_hypercube({"trust.growth": (0.1, 0.3), "trust.fall": "spec"}, points=5)
        found = planned(study(design=design), None, TARGETS)
        assert found.ranges == {"trust.growth": (0.1, 0.3), "trust.fall": (0.0, 1.0)}

    def test_evenly_spread_trials_fill_the_ranges(self, world):
        plan = planned(world, {"switching_cost.switching_weight": (0, 6), "choice.term": (1, 4)}, TARGETS)
        assert len(plan.even) == 16
        for quarter in range(4):
            inside = [
                row
                for row in plan.even
                if quarter * 1.5 <= row["switching_cost.switching_weight"] < (quarter + 1) * 1.5
            ]
            assert len(inside) == 4
        assert {row["choice.term"] for row in plan.even} == {1, 2, 3, 4}
        assert len(planned(world, dict.fromkeys(["trust.growth", "trust.fall", "trust.notice"]), TARGETS).even) == 32


class TestRefusals:
    @pytest.mark.parametrize(
        ("factors", "said"),
        [
            ({}, "there are no factors: say which parameters to calibrate"),
            (None, "there are no factors: say which parameters to calibrate"),
            (5, "factors = 5 is not a table"),
            ("trust.growth", 'factors = "trust.growth" is not a table'),
            ({3: (0, 1)}, "factors: the key 3 is not text"),
            ({"choice.swiching_weight": (0, 6)}, "factors: no Choice parameter 'swiching_weight'"),
            (
                {"switching_cost.switching_weight": (6, 0)},
                "factors.switching_cost.switching_weight = [6, 0] is the wrong way round",
            ),
            (
                {"switching_cost.switching_weight": (0, 99)},
                "factors.switching_cost.switching_weight = 99.0 is outside [0, 50]",
            ),
            ({"switching_cost.switching_weight": (1, 1)}, "factors.switching_cost.switching_weight: lists 1 twice"),
            (
                {"switching_cost.switching_weight": (1, 2, 3)},
                "factors.switching_cost.switching_weight = [1.0, 2.0, 3.0] is no range",
            ),
            (
                {"switching_cost.switching_weight": (0, float("nan"))},
                "factors.switching_cost.switching_weight = [0, nan] has numbers",
            ),
            ({"choice.rule": None}, "factors.choice.rule = ["),
        ],
    )
    def test_factors(self, world, factors, said):
        assert refusal(world, factors, TARGETS).startswith(said)

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"trials": 0}, "trials = 0 is outside"),
            ({"trials": 5}, "trials = 5 are too few to learn from; take 50 or more"),
            ({"trials": 1.5}, "trials = 1.5 is not a whole number"),
            ({"trials": 10**8}, "1 arm x 100,000,000 points x 10 replications"),
            ({"replications": 1}, "replications = 1, but it takes 2 or more to know how much is luck"),
            ({"replications": 0}, "replications = 0 is outside"),
            ({"seed": -1}, "seed = -1 is outside"),
            ({"forgiven": 2}, "forgiven = 2, but there are 2 targets to meet; forgive fewer"),
            ({"forgiven": -1}, "forgiven = -1 is outside"),
        ],
    )
    def test_numbers(self, world, options, said):
        assert refusal(world, FACTORS, TARGETS, **options).startswith(said)

    def test_a_factor_that_an_arm_sets(self, study):
        found = refusal(study(), {"firms.north.price": (0.8, 1.2)}, [Target("profit", 5, 1, arm="cheap")])
        assert "the arm sets 'firms.north.price' itself" in found

    def test_targets_are_refused_with_file_and_line(self, world, tmp_path):
        path = tmp_path / "targets.csv"
        path.write_text("kpi,value,tolerance\ncsi,75,1\ncis,75,1\n")
        assert refusal(world, FACTORS, path) == "targets.csv: line 3: no KPI \"cis\"; did you mean 'csi'?"

    def test_no_world(self):
        assert refusal("x", FACTORS, TARGETS) == 'world = "x" is not a Scenario and not an Experiment'

    def test_a_world_too_large(self):
        huge = Scenario(population={"customers": 60})
        assert "GiB of memory" in refusal(huge, {"population.customers": (10, 10**12)}, TARGETS)
