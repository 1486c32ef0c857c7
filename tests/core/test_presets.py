"""Presets: a file a design, from which any spec may start; what is given goes before it."""

from datetime import date, datetime
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from abm.core import presets
from abm.core.errors import Refusal
from abm.core.presets import listed, started, word
from abm.core.spec import Spec, param
from abm.mechanisms.loyalty.program import LoyaltyProgram
from abm.mechanisms.policy import Policy
from abm.mechanisms.shipped import shipped
from abm.queues.parts import Profile
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.study.provenance.digest import own_code

SHIPPED = Path(presets.__file__).parents[1] / "library" / "presets"
FILE = 'about = "a design"\nsource = "assumed"\n\n[values]\n'


class Shape(Spec):
    width: float = param(1.0, unit="m", bounds=(0, 9), evidence="assumed")
    height: float = param(1.0, unit="m", bounds=(0, 9), evidence="assumed")


@pytest.fixture
def folder(tmp_path):
    """Return a folder of one's own with presets of which no other test has read any."""
    texts = {
        "tall": "shape.height = 3.0\ntags.a = 1.0\n",
        "wide": "size = 2\nshape = { width = 5, height = 2.0 }\nsteps = [1.0, 2.0]\n",
        "plain": "",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(FILE + text, "utf-8")
    return tmp_path


@pytest.fixture
def card(folder):
    """Return a spec of one's own that starts from files of that folder."""

    class Card(Spec):
        presets: ClassVar = folder
        presets_of: ClassVar = "card"

        preset: str = param("plain", unit="name", evidence="assumed")
        size: int = param(1, unit="1", bounds=(0, 9), evidence="assumed")
        shape: Shape = Shape()
        back: Shape | None = None
        steps: tuple[float, ...] = param((), unit="1", bounds=(0, 9), evidence="assumed")
        tags: dict[str, float] = param({}, unit="1", bounds=(0, 9), evidence="assumed")

    return Card


def refusal(act, *args, **fields):
    with pytest.raises(Refusal) as refused:
        act(*args, **fields)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


# ---- what a spec starts from ----------------------------------------------------------------------------------


def test_a_spec_starts_from_the_file_that_it_names(card):
    wide = card(preset="wide")
    assert (wide.preset, wide.size, wide.shape, wide.steps) == ("wide", 2, Shape(width=5, height=2), (1.0, 2.0))
    assert type(wide.shape.width) is float, "a whole number is taken for a number, as everywhere"
    assert card() == card(preset="plain") == card.parse({})


def test_what_is_given_goes_before_the_preset(card):
    assert card(preset="wide", size=np.int64(7), steps=[4]).replace({"size": 3}).steps == (4.0,)
    assert card(preset="wide", size=0).size == 0
    assert card(preset="wide", shape=Shape()).shape == Shape(), "a spec is given as a whole"


def test_tables_of_parameters_are_merged_other_values_are_one_whole(card):
    assert card(preset="wide", shape={"height": 4}).shape == Shape(width=5, height=4)
    assert card(preset="tall", tags={"b": 2.0}).tags == {"b": 2.0}
    assert card(preset="tall", back={"width": 2}).back == Shape(width=2)


def test_the_file_survives_what_is_made_of_it(card):
    first = card(preset="tall")
    first.tags["a"] = 9.0
    assert card(preset="tall").tags == {"a": 1.0}


@pytest.mark.parametrize(
    "fields",
    [
        {"preset": "wide"},
        {"preset": "wide", "size": 1},
        {"preset": "wide", "shape": {"width": 1.0}},
        {"preset": "tall", "tags": {}},
        {"preset": "tall", "tags": {"b": 1.0}},
    ],
)
def test_tables_and_paths_lead_back(card, fields):
    made = card(**fields)
    assert card.parse(made.to_dict()) == card.parse(made.to_dict(full=True)) == made
    assert made.replace({"size": 5, "tags": {"c": 1.0}}).replace({"size": made.size, "tags": made.tags}) == made


def test_another_preset_moves_what_was_not_set_apart(card):
    assert card(preset="wide", size=7).replace({"preset": "tall"}) == card(preset="tall", size=7)
    assert card(preset="tall").replace({"preset": "plain"}) == card()
    assert card().replace({"preset": "wide", "shape.height": 9}) == card(preset="wide", shape={"height": 9})


def test_a_policy_of_ones_own_has_presets_too(folder):
    class Courtesy(Policy):
        name: ClassVar = "courtesy"
        presets: ClassVar = folder
        preset: str = param("none", unit="name", evidence="assumed")
        size: float = param(0.0, unit="1", evidence="assumed")

    (folder / "warm.toml").write_text(FILE + "size = 2.0")
    assert Courtesy(preset="warm").size == 2.0
    assert list(Courtesy.levers()) == ["size"], "the name of a design is no lever"


def test_required_parameters_are_left_to_the_user(folder):
    class Page(Spec):
        presets: ClassVar = folder
        preset: str
        title: str
        size: float = 0.0

    (folder / "big.toml").write_text(FILE + "size = 2")
    assert Page(preset="big", title="x").size == 2.0
    assert "the required parameter 'title' is missing" in refusal(Page, preset="big")
    assert "the required parameter 'preset' is missing" in refusal(Page, title="x")
    (folder / "bad.toml").write_text(FILE + "size = 2\nsizes = 3")
    listed.cache_clear()
    assert "bad.toml: values: no Page parameter 'sizes'; did you mean 'size'?" in refusal(Page, preset="bad", title="x")


# ---- what is refused --------------------------------------------------------------------------------------------


def test_a_preset_that_is_not_there(card):
    assert (
        refusal(card, preset="wid") == "Card: no card preset 'wid'; did you mean 'wide'? (presets: plain, tall or wide)"
    )
    assert refusal(card, preset="../tall").startswith("Card: no card preset '../tall'; did you mean 'tall'?")
    assert refusal(card, preset=3) == 'Card.preset = 3 is not text; write "3"'
    assert refusal(card, preset=["wide"]) == 'Card.preset = ["wide"] is not text'


def test_a_folder_without_presets(tmp_path):
    class Empty(Spec):
        presets: ClassVar = tmp_path / "boxes"
        preset: str = "none"

    assert Empty().preset == "none"
    assert refusal(Empty, preset="x") == f"Empty: no boxes preset 'x' (there is none in {tmp_path / 'boxes'})"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FILE + "siz = 1", "new.toml: values: no Card parameter 'siz'; did you mean 'size'?"),
        (FILE + "size = 99", "new.toml: values.size = 99 is outside [0, 9] (1)"),
        (FILE + "shape.width = true\nback.width = -1", "new.toml: values.shape.width = true is not a number"),
        (FILE + "size = 2\nshape.width = true", "new.toml: values.shape.width = true is not a number"),
        (FILE + 'preset = "tall"', "new.toml: values.preset: a preset cannot start from another"),
        (FILE + "size = ", "new.toml: line 5, column 8: invalid value in: size ="),
        (FILE + "[kind]", "new.toml: no key 'kind' in a preset; there is about, source, values"),
        (FILE.replace("about", "abuot"), "new.toml: no key 'abuot' in a preset; did you mean 'about'?"),
        (FILE.replace('"a design"', '" "'), 'new.toml: about = " " is not a line of words'),
        (FILE.replace("assumed", "OLIVER_1981"), "nor a key of abm/core/sources.py; did you mean 'OLIVER_1980'?"),
        (FILE.replace('"assumed"', "[]"), 'new.toml: source = [] is neither "assumed" nor a key of'),
        (FILE.replace("[values]", ""), "new.toml: the table [values] is missing"),
        (FILE.replace("[values]", "values = 3"), "new.toml: the table [values] is missing"),
        ("", "new.toml: is empty"),
    ],
)
def test_a_file_that_is_no_preset(card, folder, text, message):
    (folder / "new.toml").write_text(text)
    assert message in refusal(card, preset="new")
    assert card(preset="wide").size == 2, "the other files are as good as before"


def test_a_file_that_is_no_preset_is_named_inside_a_study_too(card, folder):
    class Study(Spec):
        inner: card = card()

    (folder / "new.toml").write_text(FILE + "size = 99")
    with pytest.raises(Refusal) as refused:
        Study.parse({"inner": {"preset": "new"}}, source="study.toml")
    assert str(refused.value) == "study.toml: inner: new.toml: values.size = 99 is outside [0, 9] (1)"


def test_the_default_stands_for_the_defaults(card, folder):
    (folder / "plain.toml").write_text(FILE + "size = 2")
    assert refusal(presets.presets, card) == (
        "plain.toml: 'plain' stands for the defaults, so that [values] must be empty"
    )


def test_presets_without_a_parameter_to_name_one():
    with pytest.raises(Refusal, match="Nameless has presets, but no parameter `preset` to name one"):

        class Nameless(Spec):
            presets: ClassVar = "nameless"


# ---- when files are read ----------------------------------------------------------------------------------------


def test_files_are_read_once_and_only_when_they_are_named(card, monkeypatch):
    read: list[str] = []
    monkeypatch.setattr(
        presets, "read_toml", lambda path: read.append(path.stem) or {"about": "x", "source": "assumed", "values": {}}
    )
    card(), card(preset="plain"), card(size=3)
    assert read == []
    card(preset="wide"), card(preset="wide", size=3), card(preset="wide").replace({"size": 4})
    assert read == ["wide"]


def test_a_spec_without_presets_has_none():
    assert listed(Shape) == {}


# ---- what is shipped --------------------------------------------------------------------------------------------


def test_every_shipped_file_is_a_preset_of_a_spec():
    policies = [kind.policy for kind in shipped() if kind.policy is not None and kind.policy.presets]
    theories = [kind for kind in shipped() if kind.presets]
    kinds = {SHIPPED / str(kind.presets): kind for kind in (Scenario, Firm, *policies, *theories, Profile)}
    assert {*SHIPPED.iterdir()} == set(kinds)
    for folder, kind in kinds.items():
        found = presets.presets(kind)
        assert {preset.name for preset in found} == {path.stem for path in folder.iterdir()}
        own = {"name": "north"} if kind is Firm else {}
        for preset in found:
            assert kind(**own, preset=preset.name) == kind(**started(kind, {**own, "preset": preset.name}))
    assert {"scenario", "programme", "payment policy"} <= {word(kind) for kind in kinds.values()}


def test_presets_of_ones_own_are_part_of_ones_own_code(card, folder):
    before = own_code(card())
    assert [name for name, _ in before if name.endswith(("tall", "wide", "plain"))]
    (folder / "wide.toml").write_text(FILE + "size = 3")
    assert own_code(card()) != before


def test_a_name_alone_stands_for_a_table_that_names_a_preset():
    whole = Scenario.parse({"firms": [{"name": "north", "program": {"preset": "points"}}]})
    assert Scenario.parse({"firms": [{"name": "north", "program": "points"}]}) == whole
    assert whole.replace({"firms.north.program": "tiers"}).firms[0].program == LoyaltyProgram(preset="tiers")
    with pytest.raises(Refusal, match="did you mean 'points'"):
        whole.replace({"firms.north.program": "pionts"})


def test_a_day_counts_as_its_text():
    population = Scenario.parse({"population": {"log": "cdnow", "log_until": date(1997, 9, 30)}}).population
    assert population.log_until == "1997-09-30"
    with pytest.raises(Refusal, match=r'log_until = .* is not text; of a date the day counts: write "1997-09-30"'):
        Scenario.parse({"population": {"log_until": datetime(1997, 9, 30, 8)}})
