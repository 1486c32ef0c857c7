"""Experiments: built or refused, the same in Python and in a file, and the ids of their runs."""

import copy
import math
import pickle
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.core.spec import read_toml
from abm.kpis.behaviour import market_share
from abm.mechanisms.loyalty.program import LoyaltyProgram
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.study.plan import checks
from abm.study.plan.design import grid, latin_hypercube
from abm.study.plan.experiment import Experiment, load
from tests.examples import examples

STUDY = """
question = "With the same budget, which programme earns the north firm most?"
seed = 2026
replications = 30
kpis = ["profit", "share_of_wallet"]
[scenario]
preset = "retail"
periods = 20
burn_in = 5
[scenario.population]
customers = 500
[scenario.network]
kind = "watts_strogatz"
neighbours = 8
rewiring = 0.1
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "south"
[arms.none]
[arms.points]
"firms.north.program" = { preset = "points", earn_rate = 0.05 }
[arms.service]
"firms.north.service.quality" = 0.85
[design]
method = "grid"
[design.factors]
"word_of_mouth.contact_rate" = [0.0, 0.5]
"""


@pytest.fixture
def written(tmp_path):
    """Load an experiment from text."""

    def load_text(text, name="programme.toml"):
        (tmp_path / name).write_text(text)
        return load(tmp_path / name)

    return load_text


def test_a_study_file_says_it_all(written):
    experiment = written(STUDY)
    assert experiment.name == "programme"
    assert (experiment.seed, experiment.replications, experiment.sheet.baseline) == (2026, 30, "none")
    assert list(experiment.arms) == ["none", "points", "service"]
    assert experiment.arms["points"]["firms.north.program"] == LoyaltyProgram(preset="points", earn_rate=0.05)
    assert experiment.design == grid({"word_of_mouth.contact_rate": [0.0, 0.5]})
    assert [kpi.name for kpi in experiment.kpis] == ["profit", "share_of_wallet"]
    assert len(experiment) == 3 * 2 * 30


def test_a_file_and_python_make_equal_experiments(written):
    in_python = Experiment(
        name="programme",
        question="With the same budget, which programme earns the north firm most?",
        scenario=Scenario(
            periods=20,
            burn_in=5,
            population={"customers": 500},
            network={"neighbours": 8},
            firms=(Firm(name="north"), Firm(name="south")),
        ),
        arms={
            "none": {},
            "points": {"firms.north.program": LoyaltyProgram(preset="points", earn_rate=0.05)},
            "service": {"firms.north.service.quality": 0.85},
        },
        design=grid({"word_of_mouth.contact_rate": [0, 0.5]}),
        replications=30,
        seed=2026,
        kpis=("profit", "share_of_wallet"),
    )
    assert written(STUDY) == in_python
    assert list(written(STUDY).sheet.ids) == list(in_python.sheet.ids)


@pytest.mark.parametrize("full", [False, True])
def test_read_back_equal_from_its_table(written, full):
    experiment = written(STUDY)
    assert Experiment.from_dict(experiment.to_dict(full)) == experiment


@given(
    price=st.floats(0, 1000, allow_nan=False),
    tiers=st.lists(st.floats(0, 0.5), max_size=3),
    seed=st.integers(0, 2**63 - 1),
    levels=st.lists(st.floats(0, 1), min_size=1, max_size=3, unique=True),
)
@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_saved_and_loaded_equal_to_the_last_bit(tmp_path, price, tiers, seed, levels):
    program = LoyaltyProgram(
        earn_rate=0.1, tier_threshold=[100.0 * (k + 1) for k in range(len(tiers))], tier_discount=sorted(tiers)
    )
    experiment = Experiment(
        name="saved",
        scenario=Scenario(population={"customers": 50}, periods=3),
        arms={"a": {"firms.north.price": price}, "b": {"firms.north.program": program}},
        design=grid({"word_of_mouth.contact_rate": levels}),
        seed=seed,
    )
    experiment.save(tmp_path / "saved.toml")
    assert load(tmp_path / "saved.toml") == experiment
    assert load(tmp_path / "saved.toml").sheet == experiment.sheet


def test_frozen(study):
    with pytest.raises(FrozenInstanceError):
        study().seed = 3


@pytest.mark.parametrize(
    "change",
    [
        lambda arms: arms.update(late={}), lambda arms: arms["none"].__setitem__("firms.north.price", 0.9),
        lambda arms: arms.pop("none"), lambda arms: arms.__delitem__("none"), lambda arms: arms.setdefault("late", {}),
        lambda arms: arms.clear(), lambda arms: arms.popitem(), lambda arms: arms.__ior__({"late": {}}),
    ],
)  # fmt: skip
def test_arms_are_frozen_too(study, change):
    """A changed arm was shown, and the runs of the one before it went on to be its results."""
    made = study(arms={"none": {}})
    with pytest.raises(Refusal, match=r"a study is not changed in place; make another with .replace\(\.\.\.\), as "):
        change(made.arms)
    assert made.arms == {"none": {}}
    assert list(made.replace(arms=made.arms | {"late": {}}).arms) == ["none", "late"]
    assert pickle.loads(pickle.dumps(made.arms)) == copy.deepcopy(made.arms) == made.arms


def test_no_arms_are_one_arm(study):
    assert list(study(arms={}).arms) == ["base"]
    assert study(arms={}).sheet.baseline == "base"


@pytest.mark.parametrize(
    ("arms", "given", "baseline"),
    [(["a", "none"], "", "none"), (["b", "a"], "", "b"), (["none", "a"], "a", "a")],
)
def test_the_baseline(study, arms, given, baseline):
    assert study(arms={arm: {} for arm in arms}, baseline=given).sheet.baseline == baseline


def test_scenario_of_an_arm_at_a_point(crossed):
    scenario = crossed.scenario_of("cheap", 1)
    assert scenario.value_at("firms.north.price") == 0.9
    assert scenario.value_at("firms.south.price") == 1.2
    assert scenario.value_at("word_of_mouth.decay") == 0.5


def test_a_factor_may_lie_inside_what_every_arm_sets(study):
    arms = {name: {"firms.north.program": {"preset": name}} for name in ("points", "tiers")}
    experiment = study(arms=arms, design=grid({"firms.north.program.hassle": [0.0, 9.0]}))
    world = experiment.scenario_of("tiers", 1)
    assert world.value_at("firms.north.program.hassle") == 9.0
    assert world.value_at("firms.north.program.preset") == "tiers"


class TestOtherReplications:
    """A race asks for more replications at each look, and nothing else is new then."""

    def test_they_are_the_experiment_built_so(self, crossed):
        more = crossed.replace(replications=8)
        built = Experiment(**{item.name: getattr(crossed, item.name) for item in fields(crossed)} | {"replications": 8})
        assert more == built
        assert more.sheet == built.sheet
        assert list(more.sheet.ids[: len(crossed)]) == list(crossed.sheet.ids)
        assert len(crossed) == len(crossed.sheet) == 24

    def test_nothing_is_checked_or_digested_again(self, crossed, monkeypatch):
        crossed.sheet  # noqa: B018 - worked out once
        for name in ("arms", "design", "kpis"):
            monkeypatch.delattr(checks, name)
        monkeypatch.delattr("abm.study.plan.experiment.digest_of")
        assert crossed.replace(replications=8).sheet.replications == 8

    @pytest.mark.parametrize("wrong", [0, -1, True, 2.0, "8", 10**9])
    def test_what_cannot_be_is_refused(self, crossed, wrong):
        with pytest.raises(Refusal, match=r"^(replications =|2 arms x 4 points x 1,000,000,000 replications)"):
            crossed.replace(replications=wrong)


class TestIds:
    """What makes a run another run."""

    @pytest.mark.parametrize(
        "change",
        [
            {"seed": 8},
            {"scenario": Scenario(population={"customers": 61}, periods=6, burn_in=2)},
            {"kpis": ("profit",)},
            {"arms": {"none": {"trust.growth": 0.09}, "cheap": {"firms.north.price": 0.9, "trust.growth": 0.09}}},
        ],
    )
    def test_any_change_of_the_world_changes_every_id(self, study, change):
        assert not set(study().sheet.ids) & set(study(**change).sheet.ids)

    def test_words_and_order_change_no_id(self, study):
        other = study(name="other", question="why?", kpis=tuple(reversed(study().kpis)), baseline="cheap")
        assert list(study().sheet.ids) == list(other.sheet.ids)
        turned = study(arms=dict(reversed(study().arms.items())))
        assert set(study().sheet.ids) == set(turned.sheet.ids)

    def test_a_clone_of_an_arm_has_rows_of_its_own(self, study):
        experiment = study(arms={"none": {}, "twin": {}})
        assert len(set(experiment.sheet.ids)) == len(experiment)

    def test_a_setting_made_by_the_arm_or_by_the_scenario_is_one_world(self, study, world):
        by_arm = study(arms={"a": {"firms.north.price": 0.9}})
        by_scenario = study(arms={"a": {}}, scenario=world.replace({"firms.north.price": 0.9}))
        assert list(by_arm.sheet.ids) == list(by_scenario.sheet.ids)

    def test_other_random_numbers_are_other_runs(self, study, monkeypatch):
        before = study().sheet
        monkeypatch.setattr("abm.study.plan.identified.SCHEME", "another")
        assert not set(before.ids) & set(study().sheet.ids)

    def test_pinned(self, study):
        """The ids of stored runs must not change unless results do."""
        ids = [run.run_id for run in study(kpis=("profit",)).runs()]
        assert ids == [run.run_id for run in study(kpis=(study().kpis[0],)).runs()]
        assert all(len(run_id) == 32 and set(run_id) <= set("0123456789abcdef") for run_id in ids)


def changed_study(old, new):
    assert old in STUDY
    return STUDY.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed =", "sed =", "no study key 'sed'; did you mean 'seed'?"),
        ("seed = 2026", "seed = -1", "seed = -1 is outside [0, 2^63)"),
        ("seed = 2026", "seed = 1.0", "seed = 1.0 is not a whole number"),
        ("replications = 30", "replications = 0", "replications = 0 is outside [1, "),
        ("replications = 30", 'replications = "five"', 'replications = "five" is not a whole number'),
        ("replications = 30", "replications = true", "replications = true is not a whole number"),
        ("replications = 30", "replications = 1e3", "replications = 1000.0 is not a whole number"),
        ("replications = 30", "replications = 100000000", "600,000,000 runs; an experiment has at most 10,000,000"),
        ('"profit"', '"proft"', "kpis[0]: no KPI 'proft'; did you mean 'profit'?"),
        ('"share_of_wallet"', '"profit"', "kpis[1]: 'profit' is listed twice"),
        ('["profit", "share_of_wallet"]', "[]", "kpis = [] measures nothing"),
        ('["profit", "share_of_wallet"]', '"profit"', 'kpis = "profit" is not a list of KPIs'),
        ('["profit", "share_of_wallet"]', "[1]", "kpis[0] = 1 is not a Kpi"),
        ("customers = 500", "custmers = 500", "scenario.population: no Population parameter 'custmers'; did you mean"),
        ("customers = 500", 'customers = "five"', 'scenario.population.customers = "five" is not a whole number'),
        ("customers = 500", "customers = 1000000000000", "scenario"),
        ("[arms.none]", '[arms."no programme"]', 'arms: "no programme" is not an arm\'s name'),
        ("[arms.service]", "[arms.Points]", "arms: 'points' and 'Points' differ in capital letters only"),
        (
            "north.service.quality",
            "nroth.service.quality",
            "arms.service: no 'nroth' in 'firms'; did you mean 'north'?",
        ),
        ('quality" = 0.85', 'quality" = 1.5', "arms.service.firms.north.service.quality = 1.5 is outside [0, "),
        ('quality" = 0.85', 'qualty" = 0.85', "arms.service: no ServicePolicy parameter 'qualty'"),
        (
            '"firms.north.service.quality" = 0.85',
            "firms.north.service.quality = 0.85",
            "write the whole path in quotes",
        ),
        ('"firms.north.service.quality" = 0.85', "trust.growth = 0.85", 'in quotes: "trust.growth" = …'),
        ("[arms.none]", "[arms]\nnone = 3\n", "arms.none"),
        ("[0.0, 0.5]", "[0.0, 2.5]", "design.factors.word_of_mouth.contact_rate"),
        ("[0.0, 0.5]", "[0.0, 0.5, 0.0]", "design.factors.word_of_mouth.contact_rate: lists 0.0 twice"),
        ("[0.0, 0.5]", '[0, "0"]', "is not a number"),
        ("contact_rate", "contact_rte", "did you mean 'contact_rate'?"),
        (
            '"word_of_mouth.contact_rate" = [0.0, 0.5]',
            '"firms.north.program" = [{ preset = "tiers" }]',
            "design.factors.firms.north.program: the arm sets 'firms.north.program' itself",
        ),
        ('"word_of_mouth.contact_rate"', '"firms.north.program.hassle"', "'firms.north.program' is not set"),
        (
            '"word_of_mouth.contact_rate"',
            '"firms.0.service.quality"',
            "the arm sets 'firms.north.service.quality' itself",
        ),
        ('method = "grid"', 'method = "gird"', 'design.method = "gird" is not none, grid, list, latin_hypercube'),
        ("burn_in = 5", "burn_in = 25", "scenario"),
    ],
)
def test_refused_with_file_and_place(written, old, new, message):
    with pytest.raises(Refusal) as refusal:
        written(changed_study(old, new))
    assert str(refusal.value).startswith("programme.toml: ")
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("seed = 1\nseed = 2", "line 2"),
        ("[arms.a]\n[arms.a]", "given twice"),
        ("seed = nan", "seed = nan is not a whole number"),
        ("scenario = 3", "scenario = 3 is not a table"),
        ("arms = 3", "arms = 3 is not a table"),
        ("design = 3", "design = 3 is not a table"),
        ("name = 3", "name = 3 is not text"),
        ('name = ""', 'name = "" says nothing'),
        ('baseline = "points"', 'baseline = "points" is no arm; there is base'),
    ],
)
def test_refused_files(written, text, message):
    with pytest.raises(Refusal) as refusal:
        written(text)
    assert str(refusal.value).startswith("programme.toml: ")
    assert message in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(Refusal, match="there is no such file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scenario": {"periods": 3}}, "scenario = "),
        ({"design": {"a": [1]}}, "design = "),
        ({"arms": {1: {}, "1": {}}}, "arms: the key 1 is not text"),
        ({"arms": {"a": {1: 2}}}, "arms.a: the key 1 is not text"),
        ({"arms": ["a", "b"]}, 'arms = ["a", "b"] is not a table'),
        ({"seed": 2**63}, "seed = 9223372036854775808 is outside"),
        ({"seed": True}, "seed = true is not a whole number"),
        ({"kpis": "profit"}, 'kpis = "profit" is not a list'),
        ({"kpis": (market_share, "market_share")}, "kpis[1]: 'market_share' is listed twice"),
        ({"name": " "}, "give the experiment a name"),
        ({"arms": {"a": {"firms.north.price": math.nan}}}, "arms.a.firms.north.price"),
        ({"arms": {"a": {"firms.north.price": 1, "firms.0.price": 2}}}, "are the same value; change it once"),
        ({"arms": {"a": {"population.customers": 10**12}}}, "arms.a"),
        ({"arms": {"a": {"firms.north.program": None}}}, "arms.a.firms.north.program = None has no word"),
        ({"design": grid({"firms.north.program": [None]})}, "design.factors.firms.north.program = None has no word"),
    ],
)
def test_refused_in_python(study, change, message):
    with pytest.raises(Refusal) as refusal:
        study(**change)
    assert message in str(refusal.value)


def test_a_kpi_may_not_take_the_name_of_a_column(study):
    with pytest.raises(Refusal, match=r"kpis\[0\]: 'arm' is a column of the results"):
        study(kpis=(replace(market_share, name="arm"),))


def test_a_saved_study_is_a_plain_study_file(study, tmp_path):
    study().save(tmp_path / "s.toml")
    assert read_toml(tmp_path / "s.toml")["arms"] == {"none": {}, "cheap": {"firms.north.price": 0.9}}


def test_numbers_and_rows_of_numpy_and_pandas_are_taken(world):
    price, prices = "firms.north.price", [1.0, 1.2]
    plain = Experiment("n", world, replications=3, seed=5, kpis=["profit", "csi"], design=grid({price: prices}))
    for row in (np.array, pd.Series, pd.Index):
        same = Experiment(
            "n", world, replications=np.int64(3), seed=np.uint8(5), kpis=row(["profit", "csi"]),
            design=grid({price: row(prices)}),
        )  # fmt: skip
        assert same.sheet == plain.sheet
        assert (type(same.seed), type(same.replications)) == (int, int)
    kinds = ((list, int), (np.array, np.int16))
    drawn = [latin_hypercube({price: row(prices)}, points=kind(4), seed=kind(1)) for row, kind in kinds]
    assert drawn[0].rows == drawn[1].rows


def test_what_is_not_there_has_no_scenario(crossed):
    with pytest.raises(Refusal, match=r"^no arm .cheep. in the study; did you mean 'cheap'\?$"):
        crossed.scenario_of("cheep")
    with pytest.raises(Refusal, match=r"^point = 99 is outside \[0, "):
        crossed.scenario_of("cheap", 99)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"record": {"persons": {"columns": ["trust"], "sample": 2}}},
            "record.persons.sample = 2.0 is outside",
        ),
        ({"record": 3}, "record = 3 is not a table"),
        ({"arms": {"a": {"firms": {"north": {"price": 0.9}}}}}, 'write the whole path as one key, "firms.north.price"'),
        ({"kpis": ["habits"]}, "needs --with FILE.py (in Python the measure itself, or own=)"),
    ],
)
def test_refusals_name_what_python_has(study, change, message):
    with pytest.raises(Refusal) as caught:
        study(**change)
    assert message in str(caught.value)
