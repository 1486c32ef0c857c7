"""Criteria: what a study may claim, in words and in files, and what is refused."""

import math

import pytest

from abm.core.errors import Refusal
from abm.study.comparison import verdict
from abm.study.plan.criteria import Criterion, points
from abm.study.plan.design import Design, grid
from abm.study.plan.experiment import Experiment, load
from abm.study.plan.sheet import Sheet
from abm.study.sensitivity.analysis import planned

DECAY = "word_of_mouth.decay"
AT = {DECAY: 0.85}
CLAIM = {"kpi": "profit", "arm": "cheap", "above": 0}


@pytest.fixture
def claiming(study):
    """Make an experiment with a factor and one criterion."""

    def make(**claim):
        return study(kpis=("profit", "csi"), design=grid({DECAY: [0.5, 0.85]}), expect=[CLAIM | claim])

    return make


@pytest.mark.parametrize(
    ("claim", "bounds", "words"),
    [
        ({"above": 0}, (0, math.inf), "difference above 0"),
        ({"below": -1.5}, (-math.inf, -1.5), "difference below -1.5"),
        ({"above": 0.005, "below": 0.06}, (0.005, 0.06), "difference above 0.005 and below 0.06"),
        ({"within": 0.02}, (-0.02, 0.02), "difference within ±0.02"),
        ({"ratio": True, "within": 0.25}, (0.75, 1.25), "ratio within ±0.25 of 1"),
        ({"level": True, "above": 2, "below": 4}, (2, 4), "level above 2 and below 4"),
        ({"above": 0, "than": {"kpi": "csi"}}, (0, math.inf), "difference minus that of csi above 0"),
        (
            {"level": True, "ratio": True, "above": 2, "than": {"kpi": "csi", "level": False, "firm": "south"}},
            (2, math.inf),
            "level over the difference of csi of south above 2",
        ),
        (
            {"within": 1, "at": AT, "than": {"at": {DECAY: 0.5}}},
            (-1, 1),
            "difference at decay = 0.85 minus that at decay = 0.5 within ±1",
        ),
        (
            {"above": 0, "than": {"arm": "dear", "against": "none"}},
            (0, math.inf),
            "difference minus that under dear against none above 0",
        ),
    ],
)
def test_a_claim_has_ends_and_words(claim, bounds, words):
    one = Criterion(kpi="profit", arm="cheap", **claim)
    assert one.bounds == bounds
    assert one.claim == words


def test_factors_of_one_name_are_told_apart():
    place = {"firms.north.price": 1.0, "firms.south.price": 1.2}
    said = Criterion(kpi="profit", level=True, above=0, at=place).claim
    assert said == "level at firms.north.price = 1.0 and firms.south.price = 1.2 above 0"


def test_what_is_left_out_is_baseline_and_focal_firm():
    (difference,) = Criterion(kpi="csi", arm="a", above=0).numbers("none", "north")
    assert (difference.arms, difference.firm) == (("a", "none"), "north")
    (level,) = Criterion(kpi="csi", level=True, above=0).numbers("none", "north")
    assert level.arms == ("none",)


def test_what_is_left_out_of_than_is_as_in_the_criterion():
    one = Criterion(kpi="csi", arm="a", against="b", firm="south", at=AT, above=0, than={"kpi": "profit"})
    own, other = one.numbers("none", "north")
    assert (other.kpi, other.arms, other.firm, other.at) == ("profit", ("a", "b"), "south", own.at)
    level = Criterion(kpi="csi", arm="a", above=0, than={"level": True}).numbers("none", "north")[1]
    assert level.arms == ("a",)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({"above": None}, "expect[0]: claims nothing; say above, below or within"),
        ({"abov": 1}, "expect[0]: no Criterion parameter 'abov'; did you mean 'above'?"),
        ({"than": {"kpis": "csi"}}, "expect[0].than: no Reference parameter 'kpis'; did you mean 'kpi'?"),
        ({"above": 3, "below": 2}, "expect[0].above = 3.0 and below = 2.0 leave nothing between"),
        ({"above": "much"}, 'expect[0].above = "much" is not a number'),
        ({"above": None, "within": 0}, "expect[0].within = 0.0 is no zone; give a number above 0"),
        ({"within": 1}, "expect[0].within = 1.0 says both ends; leave above and below out"),
        ({"above": None, "within": 1, "level": True}, "expect[0].within: is a zone around no difference"),
        ({"level": True, "against": "none"}, "expect[0].level = true is the KPI in the arm itself; leave against out"),
        ({"level": True, "ratio": True}, "expect[0].ratio = true has nothing to divide a level by"),
        ({"than": {"level": True, "against": "none"}}, "expect[0].than.against: belongs to no level"),
        ({"than": {}}, "expect[0].than: is the number itself; say what is different of the other one"),
        ({"kpi": "profits"}, "expect[0].kpi = \"profits\" is no KPI of the study; did you mean 'profit'?"),
        ({"kpi": "trust"}, 'expect[0].kpi = "trust" is no KPI of the study; it has profit or csi'),
        ({"arm": "chep"}, "expect[0].arm = \"chep\" is no arm; did you mean 'cheap'?"),
        ({"against": "noone"}, "expect[0].against = \"noone\" is no arm; did you mean 'none'?"),
        ({"firm": "nort"}, "expect[0].firm = \"nort\" is no firm; did you mean 'north'?"),
        ({"than": {"kpi": "cs"}}, "expect[0].than.kpi = \"cs\" is no KPI of the study; did you mean 'csi'?"),
        ({"arm": ""}, "expect[0].arm: 'none' is compared with itself; name another, or say level = true"),
        ({"at": {"word_of_mouth.decy": 0.5}}, "is no factor of the design; did you mean 'word_of_mouth.decay'?"),
        (
            {"at": {DECAY: 0.7}},
            "expect[0].at.word_of_mouth.decay = 0.7 is no level of the design; there is 0.5, 0.85",
        ),
        ({"at": {DECAY: "much"}}, 'word_of_mouth.decay = "much" is not a number'),
        ({"than": {"at": {DECAY: 0.7}}}, "expect[0].than.at."),
    ],
)
def test_what_is_refused(claiming, claim, message):
    with pytest.raises(Refusal) as refused:
        claiming(**claim)
    assert message in str(refused.value)


@pytest.mark.parametrize("wanted", ["profit", {"kpi": "profit"}, 3])
def test_criteria_are_a_list(study, wanted):
    with pytest.raises(Refusal, match=r"^expect = .* is not a list of criteria"):
        study(expect=wanted)
    with pytest.raises(Refusal, match=r"^expect\[0\] = 3 is not a table"):
        study(expect=[3])


def test_a_combination_that_is_no_point_is_refused(study):
    design = Design("list", {DECAY: [0.5, 0.85], "firms.south.price": [1.0, 1.2]})
    place = {DECAY: 0.5, "firms.south.price": 1.2}
    with pytest.raises(Refusal, match=r"^expect\[0\]\.at = .* is no point of the design"):
        study(kpis=("profit",), design=design, expect=[CLAIM | {"at": place}])


def test_levels_are_those_of_the_design_however_they_are_written(study):
    programs = [{"preset": "points"}, {"preset": "points", "earn_rate": 0.07}]
    factors = {"firms.south.price": [1.0, 2.0], "firms.south.program": programs}
    place = {"firms.south.price": 1, "firms.south.program": {"earn_rate": 0.07, "preset": "points"}}
    made = study(kpis=("profit",), design=grid(factors), expect=[CLAIM | {"at": place}])
    assert list(points(made.design, made.expect[0].at)) == [1]
    assert list(points(Sheet.from_dict(made.sheet.to_dict()).design, made.expect[0].at)) == [1]


def test_points_of_a_part_of_the_design():
    design = grid({"a": [1, 2], "b": ["x", "y", "z"]})
    assert list(points(design, {})) == [0, 1, 2, 3, 4, 5]
    assert list(points(design, {"b": "y"})) == [1, 4]
    assert list(points(design, {"a": 2, "b": "z"})) == [5]


def test_a_file_holds_criteria(claiming, tmp_path):
    made = claiming(at=AT, than={"at": {DECAY: 0.5}}, why="somebody 1999")
    made.save(tmp_path / "small.toml")
    assert load(tmp_path / "small.toml") == made
    assert Experiment.from_dict(made.to_dict(full=True)).expect == made.expect
    assert Sheet.from_dict(made.sheet.to_dict()).expect == made.expect


def test_no_run_depends_on_a_claim(claiming):
    one, other = claiming(), claiming(above=5, why="otherwise")
    assert one.sheet.digests == other.sheet.digests
    assert one != other
    assert "expect" not in one.replace(expect=()).sheet.to_dict()


def test_another_question_about_a_study_leaves_its_claims_behind(claiming):
    """Its runs are at other points, of other arms, and some levels or arms of a claim are not among them."""
    made = claiming(at=AT)
    assert planned(made, "csi", samples=8, arm="none").expect == ()
    assert planned(made, "csi", samples=8, factors={"trust.growth": (0.1, 0.2)}).expect == ()
    assert verdict.check(made, [0], 1, 1, ()).ok
