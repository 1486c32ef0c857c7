"""Theories and measures of the user's own in study files: named like shipped ones, or one plain line."""

import pytest

import abm
from abm.core.errors import Refusal
from abm.core.spec import read_toml
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment, load
from abm.study.plan.overrides import overrides
from abm.study.plan.own import Own
from tests.study.own_files import STUDY, habit


@pytest.fixture
def place(tmp_path):
    """A folder with a study and the file that it needs."""
    (tmp_path / "habits.py").write_text(habit())
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path


@pytest.fixture
def study(place):
    return load(place / "study.toml", own=place / "habits.py")


class Mood(abm.Mechanism):
    """A theory that does nothing."""

    name = "mood"
    swing: float = abm.param(0.5, unit="0-1", bounds=(0, 1), evidence="assumed", doc="how far it swings")


class TestWhatAFileNames:
    def test_theories_policies_kpis_and_readings(self, study):
        (own,) = study.scenario.extras
        assert (own.name, own.growth) == ("habit", 0.1)
        flowers = [study.scenario.value_at(f"firms.{firm}.courtesy.flowers") for firm in ("north", "south")]
        assert flowers == [3.0, 0.0]
        assert [one.name for one in study.kpis] == ["profit", "mean_habit", "flower_money"]
        assert study.scenario_of("flowers").value_at("firms.north.courtesy.flowers") == 10.0

    def test_is_the_same_study_as_one_built_in_python(self, study):
        own = study.own
        scenario = Scenario(
            periods=60, burn_in=4, population={"customers": 40}, firms=[{"name": "north"}, {"name": "south"}]
        )
        scenario = scenario.adding(own.theories["habit"](growth=0.1)).replace({"firms.north.courtesy.flowers": 3.0})
        kpis = ("profit", own.measures["mean_habit"], own.measures["flower_money"])
        arms = {"none": {}, "flowers": {"firms.north.courtesy.flowers": 10.0}}
        built = Experiment("study", scenario, arms, replications=3, seed=3, kpis=kpis, question="Do flowers pay?")
        assert built == study
        assert built.sheet.digests == study.sheet.digests

    def test_is_written_and_read_back(self, study, place):
        study.save(place / "again.toml")
        again = load(place / "again.toml", own=study.own)
        assert again == study
        assert again.sheet.digests == study.sheet.digests
        full = Experiment.from_dict(study.to_dict(full=True), own=study.own)
        assert full.sheet.digests == study.sheet.digests
        assert read_toml(place / "again.toml")["scenario"]["habit"] == {"growth": 0.1}

    def test_may_be_switched_off_and_changed_at_a_date_in_the_scenario_itself(self, place):
        changes = '[[scenario.changes]]\nname = "later"\nfrom = 20\nset = { "habit.growth" = 0.5 }\n'
        (place / "study.toml").write_text(STUDY.replace("[arms.none]", f"{changes}[arms.none]"))
        late = load(place / "study.toml", own=place / "habits.py")
        assert dict(late.scenario.stretches())[20].value_at("habit.growth") == 0.5
        assert load(place / "study.toml", own=place / "habits.py") == late
        (place / "study.toml").write_text(STUDY.replace("burn_in = 4", 'burn_in = 4\noff = ["habit"]'))
        assert load(place / "study.toml", own=place / "habits.py").scenario.off == ("habit",)

    def test_arms_may_set_a_section_or_switch_a_theory_off(self, place):
        more = '[arms.section]\n"firms.north.courtesy" = { flowers = 7.0 }\n[arms.without]\noff = ["habit"]\n'
        (place / "study.toml").write_text(STUDY + more)
        study = load(place / "study.toml", own=place / "habits.py")
        assert study.scenario_of("section").value_at("firms.north.courtesy.flowers") == 7.0
        assert study.scenario_of("without").off == ("habit",)
        assert Experiment.from_dict(study.to_dict(), own=study.own) == study

    def test_may_be_changed_from_the_command_line(self, study):
        changed = overrides(study, ["habit.growth=0.2", 'kpis=["csi", "mean_habit"]'])
        assert changed.scenario.value_at("habit.growth") == 0.2
        assert [one.name for one in changed.kpis] == ["csi", "mean_habit"]

    def test_theories_act_in_the_order_of_their_sections(self, study):
        own = Own.of([*study.own.theories.values(), Mood])
        for order in (["habit", "mood"], ["mood", "habit"]):
            scenario = own.scenario({name: {} for name in order})
            assert [one.name for one in scenario.extras] == order
            assert own.scenario(scenario.to_dict()) == scenario

    @pytest.mark.parametrize("given", [Mood, [Mood], (Mood,), Own.of(Mood)])
    def test_classes_do_as_well_as_files(self, given):
        scenario = Own.of(given).scenario({"mood": {"swing": 0.1}})
        assert scenario.extras == (Mood(swing=0.1),)


class TestWhatCounts:
    def test_an_edited_equation_is_a_new_run_and_an_edit_beside_it_is_not(self, study, place):
        (place / "habits.py").write_text(habit(ceiling=0.9))
        edited = load(place / "study.toml", own=place / "habits.py")
        assert not {*edited.sheet.digests.values()} & {*study.sheet.digests.values()}
        (place / "habits.py").write_text(habit(aside=2))
        beside = load(place / "study.toml", own=place / "habits.py")
        assert beside.sheet.digests == study.sheet.digests
        assert beside.own.digests != study.own.digests

    def test_a_study_keeps_the_file_that_it_was_built_with(self, study, place):
        (place / "habits.py").write_text(habit(ceiling=0.9))
        assert study.replace(replications=5, name="study").sheet.digests == study.sheet.digests
        assert study.replace(question="?").sheet.digests == study.sheet.digests


FIRM = '[[scenario.firms]]\nname = "north"\n'
WRONG = [
    # without the file
    ("[scenario.habit]\n", False, "scenario: no Scenario parameter 'habit'; if it is a theory of your own, add --with"),
    (f"{FIRM}courtesy = {{ flowers = 1.0 }}\n", False, "scenario.firms[0]: no Firm parameter 'courtesy'; if it is a"),
    ("kpis = ['mean_habit']\n", False, "One of your own needs --with FILE.py"),
    # with it
    ("[scenario.habbit]\n", True, "scenario: no Scenario parameter 'habbit'; did you mean 'habit'?"),
    ("[scenario.habit]\ngrwth = 0.1\n", True, "scenario.habit: no Habit parameter 'grwth'; did you mean 'growth'?"),
    ("[scenario.habit]\ngrowth = 2.0\n", True, "scenario.habit.growth = 2.0 is outside [0, 1] (1/visit)"),
    ("[scenario]\nhabit = 3\n", True, "scenario.habit = 3 is not a table"),
    (
        f"{FIRM}courtesy = {{ flowers = 1.0 }}\n",
        True,
        "scenario.firms[0].courtesy: is set, but the market has no habit;",
    ),
    (
        f"[scenario.habit]\n{FIRM}courtesy = {{ flowers = -1.0 }}\n",
        True,
        "scenario.firms[0].courtesy.flowers = -1.0 is outside [0, 100] (cu/period)",
    ),
    (f"[scenario.habit]\n{FIRM}courtesy = 4\n", True, "scenario.firms[0].courtesy = 4 is not a table"),
    ("kpis = ['mean_habbit']\n", True, "kpis[0]: no KPI 'mean_habbit'; did you mean 'mean_habit'?"),
    ("[scenario.habit]\n[arms.a]\nhabit.growth = 0.2\n", True, 'write the whole path in quotes: "habit.growth" = …'),
]


@pytest.mark.parametrize(("text", "given", "said"), WRONG)
def test_what_a_study_may_get_wrong(place, text, given, said):
    (place / "study.toml").write_text(text)
    with pytest.raises(Refusal) as refused:
        load(place / "study.toml", own=place / "habits.py" if given else ())
    assert str(refused.value).startswith("study.toml: ")
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


THEORY = "import abm\n\n\nclass One(abm.Mechanism):\n    name = {name!r}\n    policy = {policy}\n"
POLICY = "from abm.mechanisms.policy import Policy\n\n\nclass Set(Policy):\n    name = {name!r}\n\n\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "mine.py: has no theory, KPI or reading; define a class of abm.Mechanism"),
        ("from abm.mechanisms.attitude.trust import Trust\n", "mine.py: has no theory, KPI or reading"),
        (THEORY.format(name="trust", policy=None), "mine.py, line 4: the theory 'trust' has the name of a shipped"),
        (THEORY.format(name="periods", policy=None), "mine.py, line 4: the theory 'periods' has the name of a shipped"),
        (
            THEORY.format(name="habit", policy=None),
            "mine.py, line 4: two theories are called 'habit', the other in hab",
        ),
        (POLICY.format(name="") + THEORY.format(name="new", policy="Set"), "line 4: the policy Set has no name; give"),
        (
            POLICY.format(name="price") + THEORY.format(name="new", policy="Set"),
            "has the name 'price' of a shipped sec",
        ),
        (
            "import abm\n\n\n@abm.kpi(unit='1')\ndef profit(c):\n    pass\n",
            "mine.py, line 4: the KPI 'profit' has the n",
        ),
    ],
)
def test_files_that_cannot_be_told_apart_or_have_nothing(place, text, said):
    (place / "mine.py").write_text(text)
    with pytest.raises(Refusal) as refused:
        Own.of([place / "habits.py", place / "mine.py"])
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_what_is_no_theory_is_refused():
    with pytest.raises(Refusal, match=r"own = 3 is not a Python file, a module, a theory's class, a KPI or a reading"):
        Own.of([3])
