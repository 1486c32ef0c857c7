"""Studies are opened from one folder and nowhere else; what is saved is read back, and the command repeats it."""

import shlex
import tomllib
from pathlib import Path

import pytest

import abm
from abm.cli import main
from abm.study.plan.overrides import overrides
from abm.view import figures
from abm.view.page import shelf as module
from abm.view.page.arms import arm_of, both_arms, study_of
from abm.view.page.inline import inline
from abm.view.page.shelf import Shelf, command, written
from tests.view.page.small_study import STUDY

EXPERIMENTS = Path(__file__).parents[3] / "experiments"


@pytest.fixture
def folder(tmp_path):
    """A folder with a study, and one beside it that is none of its business."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "small.toml").write_text(STUDY)
    (tmp_path / "secret.toml").write_text(STUDY)
    return tmp_path / "own"


def test_what_is_offered(folder):
    named = (
        "airline", "bank", "clinic", "closed_market", "coach", "contract", "convenience", "dealer", "e_commerce",
        "hotel", "retail", "services", "shopping", "specialty", "telecom", "unsought",
    )  # fmt: skip
    assert Shelf(folder).names() == ["small.toml", *(f"{name} (preset)" for name in named)]


def test_opening(folder):
    shelf = Shelf(folder)
    assert shelf.open("small.toml").folder == folder
    preset = shelf.open("contract (preset)")
    assert preset.scenario == abm.Scenario(preset="contract")
    assert len(preset.arms) == 2


@pytest.mark.parametrize(
    "name", ["../secret.toml", "/etc/passwd", "secret.toml", "no (preset)", "", "small.toml/../small.toml"]
)
def test_paths_that_lead_out_are_no_studies(folder, name):
    with pytest.raises(abm.Refusal, match="there is no study"):
        Shelf(folder).open(name)


def test_a_link_that_leads_out_is_not_offered(folder):
    (folder / "link.toml").symlink_to(folder.parent / "secret.toml")
    assert "link.toml" not in Shelf(folder).names()


def test_reading_what_somebody_loads(folder):
    study = Shelf(folder).read("../../x/mine.toml", STUDY.encode())
    assert (study.name, study.folder, list(study.arms)) == ("small", folder, ["none", "service", "cut"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"^mine.toml: is empty"),
        (b"seed = ", r"^mine.toml: line 1, column 8"),
        (b"\xff\xfe", r"^mine.toml: is not UTF-8"),
        (STUDY.replace("neighbours", "neighbors").encode(), r"^mine.toml: .*did you mean 'neighbours'"),
        (STUDY.replace("customers = 80", 'log = "../secret.csv"').encode(), r"lies outside the study's folder"),
        (STUDY.replace("customers = 80", 'log = "/etc/passwd"').encode(), r"lies outside the study's folder"),
    ],
)
def test_what_is_no_study_is_refused_in_its_one_line(folder, content, said):
    with pytest.raises(abm.Refusal, match=said) as refusal:
        Shelf(folder).read("mine.toml", content)
    assert "\n" not in str(refusal.value)
    assert str(folder) not in str(refusal.value)


def test_a_file_that_is_far_too_large(folder, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_FILE", 10)
    with pytest.raises(abm.Refusal, match="more than 10 bytes"):
        Shelf(folder).read("mine.toml", STUDY.encode())


def test_saved_and_read_again(study, folder):
    first, second = both_arms(study)
    second = second.setting("firms.north.program", {"preset": "points"}).setting("firms.north.price", 0.9, since=5)
    made = study_of(study, (first, second), None, None)
    again = Shelf(folder).read("small.toml", written(made).encode())
    assert again.arms == made.arms
    assert again.worlds == made.worlds == [first.scenario, second.scenario]


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_study_can_be_explored_and_saved(path):
    study = Shelf(EXPERIMENTS).open(path.name)
    arms = both_arms(study)
    assert all(text for arm in arms for _, _, text in arm.said())
    made = study_of(study, arms, 2, None)
    again = Shelf(EXPERIMENTS).read(path.name, written(made).encode())
    assert [world.stretches() for world in again.worlds] == [arm.scenario.stretches() for arm in arms]
    wanted = f"patronage run {path.name}" if len(study.arms) > 1 else ""
    assert command(study, arms, study.seed, path.name) == wanted


@pytest.mark.slow
def test_the_command_repeats_what_is_seen(study, folder, monkeypatch):
    base = study.scenario.replace({"population.customers": 60})
    first = arm_of(study, "none").on(base).setting("word_of_mouth.contact_rate", 0.5)
    second = (
        arm_of(study, "service")
        .on(base)
        .setting("firms.north.program", {"preset": "tiers", "tier_discount": [0.01, 0.03]})
    )
    second = second.setting("firms.north.price", 0.9, since=12)
    line = command(study, (first, second), 11, "small.toml")
    program, verb, file, *options = shlex.split(line)
    assert (program, verb, file) == ("patronage", "run", "small.toml")
    assert options[:2] == ["--seed", "11"]
    repeated = overrides(abm.load(folder / file), options[3::2], None, 11)
    assert [repeated.scenario_of(name) for name in ("none", "service")] == [first.scenario, second.scenario]
    monkeypatch.chdir(folder)
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    assert main([verb, file, *options, "--replications", "1", "--workers", "1"]) == 0


def test_what_is_as_the_file_has_it_needs_no_option(study):
    assert command(study, both_arms(study), study.seed, "small.toml") == "patronage run small.toml"
    with_own = command(study, both_arms(study), study.seed, "small.toml", [Path("a/habits.py")])
    assert with_own == "patronage run small.toml --with habits.py"


def test_no_command_for_what_no_option_says(study):
    first, second = both_arms(study)
    less = second.without("firms.north.service.quality")
    assert command(study, (first, less), study.seed, "small.toml") == ""


@pytest.mark.parametrize(
    "value", [1, 0.5, True, "x y", [1, 2], {"a": {"b.c": [1.5, {"d": "e"}]}}, [], {}, [{"name": "one", "from": 3}]]
)
def test_inline(value):
    assert tomllib.loads(f"value = {inline(value)}")["value"] == value
