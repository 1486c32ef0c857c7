"""Arms with dates: in tables, on the command line, in ids."""

import numpy as np
import pytest

import abm
from abm.core.errors import Refusal
from abm.study.plan.experiment import Experiment
from abm.study.plan.overrides import overrides

LATE = {"from": 2, "until": 5, "firms.north.price": 0.8}
STEPS = {"changes": [{"name": "a", "from": 3, "set": {"firms.north.price": 0.9}}]}


def ids(experiment, arm):
    return experiment.sheet.digests[arm]


def test_an_arm_holds_from_its_date(study):
    world = study(arms={"none": {}, "late": LATE}).scenario_of("late")
    assert {t: still.firms[0].price for t, still in world.stretches()} == {0: 1.0, 2: 0.8, 5: 1.0}


def test_an_arm_in_steps_adds_to_what_the_scenario_changes_itself(study):
    base = study()
    own = base.scenario.replace({"changes": [{"name": "own", "from": 2, "set": {"firms.east.price": 1.1}}]})
    world = base.replace(scenario=own, arms={"none": {}, "steps": STEPS, "late": LATE})
    assert [change.name for change in world.scenario_of("steps").changes] == ["own", "a"]
    assert [change.name for change in world.scenario_of("late").changes] == ["own", "late"]


def test_a_table_says_it_and_reads_it_back(study):
    experiment = study(arms={"none": {}, "late": LATE, "steps": STEPS})
    assert Experiment.from_dict(experiment.to_dict()) == experiment
    assert experiment.to_dict()["arms"]["late"] == LATE


def test_the_command_line_moves_dates(study):
    base = study(arms={"none": {}, "late": LATE})
    moved = overrides(base, ["arms.late.from=3", "arms.late.ramp=2", "arms.late.firms.north.price=0.7"])
    assert moved.arms["late"] == LATE | {"from": 3, "ramp": 2, "firms.north.price": 0.7}


def test_what_an_arm_sets_of_a_firm_is_set_of_the_firm_of_the_market_that_a_point_starts_from():
    """The firms of the scenario's own market were taken over into the others, with all that they cost."""
    market = abm.Scenario(preset="hotel", population={"customers": 50}, periods=4)
    arms = {"none": {}, "cut": {"firms.north.price": 0.9}}
    other = Experiment("markets", market, arms, abm.grid({"preset": ["hotel", "airline"]}), replications=1)
    (rooms, seats) = (other.scenario_of("cut", point).firms[0] for point in (0, 1))
    assert (rooms.price, seats.price) == (0.9, 0.9)
    assert rooms.bookings == market.firms[0].bookings
    assert seats.bookings == abm.Scenario(preset="airline").firms[0].bookings != rooms.bookings
    assert seats == other.scenario_of("none", 1).firms[0].replace(price=0.9)


def test_the_command_line_moves_a_step_of_an_arm_and_no_other(study, world):
    own = world.replace({"changes": [{"name": "own", "from": 2, "set": {"firms.east.price": 1.1}}]})
    base = study(scenario=own, arms={"none": {}, "steps": STEPS})
    moved = overrides(base, ["arms.steps.changes.a.from=4", 'arms.steps.changes.a.set={"firms.north.price" = 0.7}'])
    assert moved.arms["steps"]["changes"] == [{"name": "a", "from": 4, "set": {"firms.north.price": 0.7}}]
    assert [change.start for change in moved.scenario_of("steps").changes] == [2, 4]
    with pytest.raises(Refusal, match="no 'b' in 'changes'"):
        overrides(base, ["arms.steps.changes.b.from=4"])


def test_a_date_is_part_of_what_a_run_is_and_its_name_is_not(study):
    base = study(arms={"none": {}, "late": LATE})
    later = study(arms={"none": {}, "late": LATE | {"from": 3}})
    assert ids(base, "late") != ids(later, "late")
    assert ids(base, "none") == ids(later, "none")
    in_steps = [{"name": "any", "from": 2, "until": 5, "set": {"firms.north.price": 0.8}}]
    assert ids(study(arms={"late": LATE}), "late") == ids(study(arms={"late": {"changes": in_steps}}), "late")


def test_runs_of_an_arm_are_the_baselines_before_its_date_and_the_same_for_any_workers_and_batches(study):
    experiment = study(arms={"none": {}, "late": LATE})
    results = abm.run(experiment, workers=1)
    table = results.periods[results.periods["firm"] == "north"].pivot(index=["replication", "period"], columns="arm")
    apart = (table["profit"]["late"] - table["profit"]["none"]).groupby("period").agg(lambda d: np.abs(d).max())
    assert (apart.loc[:1] == 0).all()
    assert apart.loc[2] > 0
    assert abm.run(experiment, workers=2).canonical() == results.canonical()


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ({"from": 99, "firms.north.price": 0.8}, r"arms\.late\.changes\.late\.from = 99 lies beyond the run"),
        ({"until": 5, "firms.north.price": 0.8}, r"arms\.late: until without from"),
        ({"from": 2.5, "firms.north.price": 0.8}, r"from = 2\.5 is not a whole number"),
        ({"from": 2}, r"set = {} changes nothing"),
        ({"from": 2, "firms.north.prize": 0.8}, r"did you mean 'price'"),
        ({"from": 2, "population.customers": 8}, r"population\.customers: is fixed for the run"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(study, arm, said):
    with pytest.raises(Refusal, match=said):
        study(arms={"none": {}, "late": arm})


def test_two_changes_of_one_value_at_once_are_refused_across_scenario_and_arm(study):
    base = study()
    own = base.scenario.replace(
        {"changes": [{"name": "own", "from": 1, "until": 6, "set": {"firms.north.price": 0.9}}]}
    )
    with pytest.raises(Refusal, match=r"when 'own' does so too"):
        base.replace(scenario=own, arms={"none": {}, "late": LATE})
