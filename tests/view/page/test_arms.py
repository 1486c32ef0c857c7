"""Arms as they are moved: what they set, from when, and what is refused."""

import pytest

import abm
from abm.view.page import levers
from abm.view.page.arms import SECOND, arm_of, both_arms, study_of


def section(arm, path):
    """Return a section of an arm's levers."""
    return next(one for one in levers.sections(arm.scenario) if one.path == path)


def test_the_baseline_comes_first_and_then_another_arm(study):
    first, second = both_arms(study)
    assert (first.name, second.name, second.label) == ("none", "service", "better service")
    other = study.replace(baseline="cut")
    assert [arm.name for arm in both_arms(other)] == ["cut", "none"]


def test_a_study_of_one_arm_is_compared_with_itself(study):
    first, second = both_arms(study.replace(arms={"only": {"firms.north.price": 0.9}}))
    assert (first.name, second.name) == ("only", SECOND)
    assert first.scenario == second.scenario


def test_setting_and_taking_back(study):
    arm = arm_of(study, "none").setting("firms.north.price", 0.9)
    assert arm.scenario.firms[0].price == 0.9
    assert arm.without("firms.north.price").scenario == study.scenario
    assert arm.setting("firms.north.price", 1.0).settings == {}  # what the study has anyway is no setting


def test_a_value_inside_a_block_of_the_arm_changes_the_block(study):
    arm = arm_of(study, "none").setting("firms.north.program", {"preset": "points"})
    arm = arm.setting("firms.north.program.earn_rate", 0.08)
    assert arm.scenario.firms[0].program.earn_rate == 0.08
    assert abm.Experiment(scenario=study.scenario, name="x", arms={"a": arm.settings}).to_dict()["arms"]["a"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("firms.north.price", -1.0, r"price = -1.0 is outside"),
        ("firms.north.prise", 1.0, "did you mean 'price'"),
        ("firms.north.recovery.compensation", 1.0, r"the market has no recovery"),
    ],
)
def test_refused(study, path, value, said):
    with pytest.raises(abm.Refusal, match=said):
        arm_of(study, "none").setting(path, value)


def test_a_change_from_a_date_on(study):
    arm = arm_of(study, "none").setting("firms.north.price", 0.9, since=12)
    arm = arm.setting("firms.north.service.quality", 0.8, since=12).setting("firms.north.price", 1.1, since=20)
    assert [change.start for change in arm.scenario.changes] == [12, 20]
    price = [arm.standing(t).firms[0].price for t in (0, 11, 12, 19, 20)]
    assert price == [1.0, 1.0, 0.9, 0.9, 1.1]
    assert abm.Experiment(name="x", scenario=study.scenario, arms={"none": arm.settings}).worlds == [arm.scenario]
    assert arm.said() == [
        ("firms.north.price", 12, "0.9"), ("firms.north.service.quality", 12, "0.8"), ("firms.north.price", 20, "1.1"),
    ]  # fmt: skip
    less = arm.undated("firms.north.price", 12)
    assert [less.standing(t).firms[0].price for t in (12, 20)] == [1.0, 1.1]
    assert less.standing(12).firms[0].service.quality == 0.8
    assert less.undated("firms.north.service.quality", 12).undated("firms.north.price", 20).settings == {}


def test_theories_on_and_off(study):
    arm = arm_of(study, "none")
    on = arm.switched(section(arm, "delight"), True)
    assert on.scenario.delight is not None
    assert on.switched(section(on, "delight"), False).scenario.delight is None
    off = arm.switched(section(arm, "trust"), False)
    assert off.scenario.off == ("trust",)
    assert off.switched(section(off, "trust"), True).scenario == arm.scenario
    with pytest.raises(abm.Refusal, match="no market goes without it"):
        arm.switched(section(arm, "choice"), False)


def test_programmes_on_and_off(study):
    arm = arm_of(study, "none")
    on = arm.switched(section(arm, "firms.north.program"), True)
    assert on.scenario.firms[0].program is not None
    assert on.switched(section(on, "firms.north.program"), False).scenario.firms[0].program is None
    base = study.scenario.replace({"firms.north.program": {"preset": "points"}})
    with pytest.raises(abm.Refusal, match="an arm cannot take it away"):
        arm.on(base).switched(section(on, "firms.north.program"), False)


def test_the_study_of_two_arms(study):
    first, second = both_arms(study)
    made = study_of(study, (first, second.setting("firms.north.price", 0.9)), 3, "trust")
    assert list(made.arms) == ["none", "service"]
    assert (made.replications, made.judge_by, made.seed) == (3, "trust", study.seed)
    assert made.arms["service"]["firms.north.price"] == 0.9
    again = study_of(study, (first, first), None, None)
    assert list(again.arms) == ["none", "none_2"]
    with pytest.raises(abm.Refusal, match="no KPI"):
        study_of(study, (first, second), 3, "profits")


def test_a_value_that_is_still_to_be_found_stands_as_it_begins(study):
    match = {"by": "firms.north.price", "kpi": "csi", "plus": 1.0}
    first, second = both_arms(study.replace(arms={"none": {}, "cut": {"match": match}}))
    assert second.open_value == "firms.north.price"
    assert second.said() == []
    assert second.scenario == first.scenario
    assert study_of(study, (first, second), None, None).matches == {}
