"""Specs: strict, frozen, equal by value, and the same in Python and in a TOML file."""

import copy
import math
import pickle
import sys
import tomllib
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import model_validator

from abm.core.citations import cite
from abm.core.errors import Refusal
from abm.core.sources import ANDERSON_SULLIVAN_1993
from abm.core.spec import Parameter, Spec, param, read_toml, write_toml
from tests.examples import examples


class Program(Spec):
    preset: str = param("custom", unit="name", evidence="assumed")
    earn_rate: float = param(0.0, unit="points/cu", bounds=(0, 1), evidence="assumed")
    thresholds: tuple[float, ...] = param((), unit="cu", bounds=(0, None), evidence="assumed")

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, data: Any) -> Any:
        return {"earn_rate": 0.05, **data} if data.get("preset") == "points" else data


class Firm(Spec):
    name: str = param(unit="name", evidence="assumed")
    price: float = param(1, unit="price index", bounds=(0, 1000), evidence="assumed", doc="relative to rivals")
    program: Program | None = None


class Mechanism(Spec, ABC):
    name: ClassVar[str]
    phase: ClassVar[int] = 0

    @abstractmethod
    def step(self) -> float: ...


class Habit(Mechanism):
    name = "habit"
    growth: float = param(0.05, unit="utility/period", bounds=(0, 1), evidence="assumed")

    def step(self) -> float:
        return 2 * self.growth

    @property
    def strong(self) -> bool:
        return self.growth > 0.5


class WordOfMouth(Spec):
    contact_rate: float = param(
        0.2,
        unit="1/story/tie",
        bounds=(0, 1),
        evidence="measured",
        source=cite(ANDERSON_SULLIVAN_1993, "abstract"),
        doc="chance of a contact",
    )


class Market(Spec):
    unfolded = ("extras",)
    periods: int = param(52, unit="periods", bounds=(0, 10_000), evidence="assumed")
    open: bool = param(True, unit="yes or no", evidence="assumed")
    kind: Literal["ring", "small_world"] = param("ring", unit="name", evidence="assumed")
    window: tuple[int, int] = param((0, 4), unit="periods", bounds=(0, 9), evidence="assumed")
    weights: dict[str, float] = param({}, unit="ratio", bounds=(-1, 1), evidence="assumed")
    ceiling: float | None = param(None, unit="utility", bounds=(0, 10), evidence="assumed")
    word_of_mouth: WordOfMouth = WordOfMouth()
    firms: tuple[Firm, ...] = (Firm(name="north"), Firm(name="south"))
    extras: tuple[Mechanism, ...] = ()


def refusal(build, *args, **kwargs):
    with pytest.raises(Refusal) as refused:
        build(*args, **kwargs)
    assert len(str(refused.value).splitlines()) == 1
    hidden = refused.value.__context__ is None or refused.value.__suppress_context__
    assert hidden, "a user must not see pydantic's error behind ours"
    return str(refused.value)


# ---- what is accepted ------------------------------------------------------------------------------------


def test_a_whole_number_where_a_number_is_declared_becomes_a_number():
    price = Firm(name="north", price=3).price
    assert price == 3.0
    assert type(price) is float


def test_a_default_becomes_a_number_too():
    assert type(Firm(name="north").price) is float


def test_lists_tables_and_objects_build_the_same_spec():
    firms = [{"name": "north", "price": 2, "program": {"earn_rate": 0.1}}, Firm(name="south")]
    market = Market(firms=firms, window=[1, 2], weights={"a": 1})
    same = Market(
        firms=(Firm(name="north", price=2.0, program=Program(earn_rate=0.1)), Firm(name="south")),
        window=(1, 2),
        weights={"a": 1.0},
    )
    assert market == same
    assert type(market.firms) is tuple
    assert type(market.window) is tuple


def test_parse_and_construction_agree():
    data = {"periods": 4, "firms": [{"name": "x"}]}
    assert Market.parse(data) == Market(**data) == Market.parse(Market(**data))


def test_numbers_of_numpy_are_taken_as_numbers():
    market = Market(periods=np.int64(7), ceiling=np.float64(0.5), window=np.array([1, 2]), open=np.bool_(False))
    assert (market.periods, market.ceiling, market.window, market.open) == (7, 0.5, (1, 2), False)
    assert [type(x) for x in (market.periods, market.ceiling, market.window[0], market.open)] == [
        int,
        float,
        int,
        bool,
    ]


def test_bounds_are_inclusive():
    assert Firm(name="x", price=0).price == 0
    assert Firm(name="x", price=1000).price == 1000
    assert "is outside" in refusal(Firm, name="x", price=math.nextafter(1000, 2000))
    assert "is outside" in refusal(Firm, name="x", price=math.nextafter(0, -1))


def test_the_caller_s_data_is_neither_changed_nor_shared():
    weights = {"a": 1.0}
    data = {"weights": weights, "firms": [{"name": "x"}]}
    market = Market.parse(data)
    weights["a"] = 5.0
    assert market.weights == {"a": 1.0}
    assert data["firms"] == [{"name": "x"}]


def test_a_preset_is_filled_in_before_parameters_are_checked():
    assert Program(preset="points").earn_rate == 0.05
    assert Program(preset="points", earn_rate=0.2).earn_rate == 0.2
    assert Firm(name="x", program={"preset": "points"}).program == Program(preset="points")


# ---- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"contact_rate": 1.5}, "WordOfMouth.contact_rate = 1.5 is outside [0, 1] (1/story/tie)"),
        ({"contact_rte": 0.1}, "no WordOfMouth parameter 'contact_rte'; did you mean 'contact_rate'?"),
        ({"zzz": 0.1}, "no WordOfMouth parameter 'zzz'; there is contact_rate"),
        ({"contact_rate": "five"}, 'WordOfMouth.contact_rate = "five" is not a number'),
        ({"contact_rate": "0.5"}, 'WordOfMouth.contact_rate = "0.5" is not a number; write 0.5 without quotes'),
        ({"contact_rate": True}, "WordOfMouth.contact_rate = true is not a number"),
        ({"contact_rate": None}, "WordOfMouth.contact_rate = None is not a number"),
        ({"contact_rate": float("nan")}, "WordOfMouth.contact_rate = nan is not a finite number"),
        ({"contact_rate": float("-inf")}, "WordOfMouth.contact_rate = -inf is not a finite number"),
        ({"contact_rate": 10**400}, "WordOfMouth.contact_rate = a whole number of 1329 bits is not a number"),
    ],
)
def test_a_number(data, message):
    assert refusal(WordOfMouth, **data) == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"periods": "five"}, 'Market.periods = "five" is not a whole number'),
        ({"periods": 1e3}, "Market.periods = 1000.0 is not a whole number; write 1000"),
        ({"periods": 1.5}, "Market.periods = 1.5 is not a whole number"),
        ({"periods": False}, "Market.periods = false is not a whole number"),
        ({"periods": 10**5000}, "Market.periods = a whole number of 16610 bits is outside [0, 10000] (periods)"),
        ({"open": 1}, "Market.open = 1 is not true or false"),
        ({"open": "yes"}, 'Market.open = "yes" is not true or false'),
        ({"kind": "rng"}, "Market.kind = \"rng\" is not one of ring or small_world; did you mean 'ring'?"),
        ({"kind": 3}, "Market.kind = 3 is not one of ring or small_world"),
        ({"window": 5}, "Market.window = 5 is not a list of 2"),
        ({"window": [1]}, "Market.window = [1] is not a list of 2"),
        ({"window": [1, 2, 3]}, "Market.window = [1, 2, 3] is not a list of 2"),
        ({"window": [1, "2"]}, 'Market.window[1] = "2" is not a whole number; write 2 without quotes'),
        ({"window": [1, 10]}, "Market.window[1] = 10 is outside [0, 9] (periods)"),
        ({"window": {1, 2}}, "Market.window = {1, 2} is not a list of 2"),
        ({"weights": [1]}, "Market.weights = [1] is not a table"),
        ({"weights": {"a": "b"}}, 'Market.weights.a = "b" is not a number'),
        ({"weights": {"a.b": 2}}, 'Market.weights."a.b" = 2.0 is outside [-1, 1] (ratio)'),
        ({"weights": {1: 2.0}}, "Market.weights: the key 1 is not text"),
        ({"ceiling": 11}, "Market.ceiling = 11.0 is outside [0, 10] (utility)"),
        ({"firms": "north"}, 'Market.firms = "north" is not a list'),
        ({"firms": ["north"]}, 'Market.firms[0] = "north" is not a Firm table'),
        ({"firms": [{}]}, "Market.firms[0]: the required parameter 'name' is missing"),
        ({"firms": [{"name": 1}]}, 'Market.firms[0].name = 1 is not text; write "1"'),
        ({"word_of_mouth": Program()}, "Market.word_of_mouth = Program() is not a WordOfMouth table"),
        (
            {"extras": [{"growth": 0.1}]},
            "Market.extras[0]: a Mechanism cannot be written in a file; build one in Python and pass it",
        ),
    ],
)
def test_every_other_kind_of_value(data, message):
    assert refusal(Market, **data) == message


def test_the_place_reads_like_the_path_in_the_user_s_file():
    data = {"firms": [{"price": -1, "name": 3}]}
    parse = Market.parse
    assert refusal(parse, {"firms": [{"name": "x"}, {"name": "y", "price": -1}]}, place="scenario") == (
        "scenario.firms[1].price = -1.0 is outside [0, 1000] (price index) (firms[1] is 'y')"
    )
    assert refusal(parse, {"firms": [{"name": "", "program": {"earn_rte": 1}}]}, source="study.toml") == (
        "study.toml: firms[0].program: no Program parameter 'earn_rte'; did you mean 'earn_rate'? (firms[0] is '')"
    )
    assert refusal(parse, {"priods": 1}, place="scenario", source="study.toml") == (
        "study.toml: scenario: no Market parameter 'priods'; did you mean 'periods'?"
    )
    assert refusal(parse, {"priods": 1}, source="study.toml") == (
        "study.toml: no Market parameter 'priods'; did you mean 'periods'?"
    )
    assert refusal(parse, data, place="a.b", source="s.toml").startswith("s.toml: a.b.firms[0].name = 3")
    assert refusal(parse, 5, place="scenario") == "scenario = 5 is not a Market table"


def test_an_unknown_key_is_told_before_the_one_it_leaves_missing():
    assert refusal(Firm, nme="north") == "no Firm parameter 'nme'; did you mean 'name'?"
    assert "'prise'" in refusal(Market, periods=-1, firms=[{"name": "x", "prise": 3}])


def test_otherwise_the_first_in_the_order_of_the_declaration_is_told():
    assert refusal(Market, firms=5, window=3, periods=-1).startswith("Market.periods = -1 ")


def test_long_values_are_cut():
    assert refusal(WordOfMouth, contact_rate="x" * 1000) == (
        'WordOfMouth.contact_rate = "' + "x" * 58 + "… is not a number"
    )


def test_a_required_parameter_tells_its_unit():
    class Needy(Spec):
        customers: int = param(unit="customers", evidence="assumed")

    assert refusal(Needy) == "Needy: the required parameter 'customers' is missing (customers)"


# ---- a value ---------------------------------------------------------------------------------------------


def test_a_spec_is_frozen():
    firm = Firm(name="north")
    assert refusal(setattr, firm, "price", 2.0).startswith("a Firm is frozen; replace(price=…)")
    assert firm.price == 1.0


def test_specs_are_equal_by_value_and_hash_alike():
    assert Firm(name="a", program=Program()) == Firm(name="a", price=1, program={})
    assert hash(Firm(name="a", program=Program())) == hash(Firm(name="a", price=1, program={}))
    assert Firm(name="a") != Firm(name="b")
    assert Firm(name="a", program=Program()) != Firm(name="a")
    assert len({Firm(name="a"), Firm(name="a"), Firm(name="b")}) == 2


def test_a_spec_with_a_table_cannot_be_hashed():
    with pytest.raises(TypeError):
        hash(Market())


def test_a_spec_crosses_a_process_border():
    market = Market(firms=[{"name": "x", "program": {"thresholds": [1, 2]}}], extras=(Habit(growth=0.3),))
    again = pickle.loads(pickle.dumps(market))
    assert again == market
    assert again.extras[0].step() == 0.6


def test_a_mechanism_is_a_spec_and_abstract_until_it_steps():
    assert Habit(growth=0.5).step() == 1.0
    assert not Habit(growth=0.5).strong
    assert Habit.name == "habit"
    assert list(Habit.model_fields) == ["growth"]
    with pytest.raises(TypeError, match="abstract"):
        Mechanism()


def test_copies_are_checked():
    firm = Firm(name="north")
    assert firm.model_copy() == firm
    assert firm.model_copy(update={"price": 2}) == Firm(name="north", price=2)
    assert refusal(firm.model_copy, update={"price": -1}) == "price = -1.0 is outside [0, 1000] (price index)"
    if sys.version_info >= (3, 13):
        assert copy.replace(firm, price=2) == Firm(name="north", price=2)
        assert "is outside" in refusal(copy.replace, firm, price=-1)


def test_a_spec_prints_what_differs_from_the_defaults():
    assert repr(Firm(name="north")) == "Firm(name='north')"
    assert repr(Firm(name="north", price=2, program=Program())) == ("Firm(name='north', price=2.0, program=Program())")


def test_replace_and_value_at_follow_paths():
    market = Market(extras=(Habit(),))
    changed = market.replace({"firms.north.price": 2, "habit.growth": 0.5, "periods": 3})
    assert (changed.value_at("firms.north.price"), changed.value_at("habit.growth")) == (2.0, 0.5)
    assert changed == Market(
        periods=3, firms=(Firm(name="north", price=2), Firm(name="south")), extras=(Habit(growth=0.5),)
    )
    assert market == Market(extras=(Habit(),))


# ---- tables and files ------------------------------------------------------------------------------------

finite = st.floats(allow_nan=False, allow_infinity=False)
programs = st.builds(
    Program,
    preset=st.sampled_from(["custom", "points"]),
    earn_rate=st.sampled_from([0.0, 0.05]) | st.floats(0, 1),
    thresholds=st.lists(st.floats(0, 1e300) | st.integers(0, 9), max_size=3),
)
firms = st.builds(Firm, name=st.text(), price=st.floats(0, 1000), program=st.none() | programs)
markets = st.builds(
    Market,
    periods=st.integers(0, 10_000),
    open=st.booleans(),
    kind=st.sampled_from(["ring", "small_world"]),
    window=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    weights=st.dictionaries(st.text(max_size=9) | st.just("firms.north.program"), st.floats(-1, 1), max_size=3),
    ceiling=st.none() | st.floats(0, 10),
    word_of_mouth=st.builds(WordOfMouth, contact_rate=st.floats(0, 1)),
    firms=st.lists(firms, max_size=3),
)


@settings(max_examples=examples(60))
@given(markets, st.booleans())
def test_a_spec_survives_a_file(market, full):
    assert Market.parse(tomllib.loads(write_toml(market.to_dict(full)))) == market


@settings(max_examples=examples(60))
@given(markets)
def test_a_table_is_canonical(market):
    table = market.to_dict()
    assert Market.parse(table).to_dict() == table


def test_only_what_differs_from_the_defaults_is_written():
    assert Market().to_dict() == {}
    assert Market(periods=3, window=(0, 4)).to_dict() == {"periods": 3}
    assert Market(firms=[{"name": "x", "program": {}}]).to_dict() == {"firms": [{"name": "x", "program": {}}]}
    assert Market(word_of_mouth={"contact_rate": 0.2}).to_dict() == {}


def test_in_full_everything_but_none_is_written():
    assert Firm(name="x").to_dict(full=True) == {"name": "x", "price": 1.0}
    assert Market(firms=[]).to_dict(full=True) == {
        "periods": 52,
        "open": True,
        "kind": "ring",
        "window": [0, 4],
        "weights": {},
        "word_of_mouth": {"contact_rate": 0.2},
        "firms": [],
    }


def test_a_default_that_stands_against_a_preset_is_written():
    assert Program(preset="points").to_dict() == {"preset": "points", "earn_rate": 0.05}
    program = Program(preset="points", earn_rate=0.0)
    assert program.to_dict() == {"preset": "points", "earn_rate": 0.0}
    assert Program.parse(program.to_dict()) == program


class Choice(Spec):
    market: Literal["open", "contract"] = param("open", unit="name", evidence="assumed")
    term: int = param(52, unit="periods", bounds=(1, 520), evidence="assumed")


class Scenario(Spec):
    preset: str = param("retail", unit="name", evidence="assumed")
    choice: Choice = Choice()
    extras: tuple[Mechanism, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, data: Any) -> Any:
        if data.get("preset") != "contract":
            return data
        given = data.get("choice", {})
        return {**data, "choice": {"market": "contract", **given} if isinstance(given, dict) else given}


@given(
    preset=st.sampled_from(["retail", "contract"]),
    market=st.none() | st.sampled_from(["open", "contract"]),
    term=st.sampled_from([1, 52]),
)
def test_a_preset_that_is_merged_into_tables_survives_a_file(preset, market, term):
    given_choice = {} if market is None else {"choice": Choice(market=market, term=term)}
    scenario = Scenario(preset=preset, **given_choice)
    assert Scenario.parse(tomllib.loads(write_toml(scenario.to_dict()))) == scenario


def test_only_the_section_that_stands_against_the_preset_is_written_in_full():
    assert Scenario(preset="contract", choice=Choice()).to_dict() == {
        "preset": "contract",
        "choice": {"market": "open", "term": 52},
    }
    scenario = Scenario(choice={"term": 7}, extras=(Habit(growth=0.5),))
    assert scenario.to_dict() == {"choice": {"term": 7}, "extras": [{"growth": 0.5}]}


def test_a_none_that_stands_against_a_preset_is_kept_for_the_writer_to_refuse():
    class Capped(Spec):
        preset: str = "free"
        ceiling: float | None = None

        @model_validator(mode="before")
        @classmethod
        def _from_preset(cls, data: Any) -> Any:
            return {"ceiling": 1.0, **data} if data.get("preset") == "capped" else data

    assert Capped(preset="capped").to_dict() == {"preset": "capped", "ceiling": 1.0}
    spec = Capped(preset="capped", ceiling=None)
    assert Capped.parse(spec.to_dict()) == spec
    assert refusal(write_toml, spec.to_dict()) == "ceiling = None cannot be written in a TOML file"


def test_the_default_of_the_field_counts_not_that_of_the_class():
    class Large(Spec):
        word_of_mouth: WordOfMouth = WordOfMouth(contact_rate=0.9)

    assert Large().to_dict() == {}
    assert Large(word_of_mouth=WordOfMouth()).to_dict() == {"word_of_mouth": {}}
    assert Large.parse({"word_of_mouth": {}}) == Large(word_of_mouth=WordOfMouth())


def test_a_mechanism_is_written_as_what_it_is():
    assert Market(extras=(Habit(growth=0.5),)).to_dict() == {"habit": {"growth": 0.5}}


def test_files_can_be_read_through_this_module(tmp_path):
    path = tmp_path / "market.toml"
    path.write_text(write_toml(Market(periods=3).to_dict()))
    assert Market.parse(read_toml(path), source=path.name) == Market(periods=3)


# ---- the catalogue ---------------------------------------------------------------------------------------


def test_the_catalogue_lists_every_parameter_with_its_path():
    paths = [row.path for row in Market.parameters()]
    assert paths == [
        "periods",
        "open",
        "kind",
        "window",
        "weights",
        "ceiling",
        "word_of_mouth.contact_rate",
        "firms.*.name",
        "firms.*.price",
        "firms.*.program.preset",
        "firms.*.program.earn_rate",
        "firms.*.program.thresholds",
    ]
    assert [row.path for row in Program.parameters("p")] == ["p.preset", "p.earn_rate", "p.thresholds"]


def test_a_row_of_the_catalogue_says_all_that_was_declared():
    rows = {row.path: row for row in Market.parameters()}
    assert rows["word_of_mouth.contact_rate"] == Parameter(
        path="word_of_mouth.contact_rate",
        type="number",
        default=0.2,
        unit="1/story/tie",
        bounds=(0, 1),
        evidence="measured",
        source=cite(ANDERSON_SULLIVAN_1993, "abstract"),
        doc="chance of a contact",
    )
    assert rows["kind"].type == "'ring' | 'small_world'"
    assert rows["window"].type == "list of whole number"
    assert (rows["firms.*.name"].required, rows["firms.*.name"].default) == (True, None)
    assert (rows["ceiling"].required, rows["ceiling"].default, rows["ceiling"].type) == (False, None, "number")


def test_the_catalogue_shows_the_default_of_the_scenario_not_of_the_class():
    class Large(Spec):
        word_of_mouth: WordOfMouth = WordOfMouth(contact_rate=0.9)

    assert Large.parameters()[0].default == 0.9


def test_a_field_without_param_has_no_evidence():
    class Bare(Spec):
        periods: int = 3

    row = Bare.parameters()[0]
    assert (row.path, row.default, row.unit, row.evidence, row.source) == ("periods", 3, "", None, None)


def test_a_word_that_may_stand_for_a_table_is_listed_too():
    class Open(Spec):
        program: Program | str = "points"

    assert [row.path for row in Open.parameters()] == [
        "program.preset",
        "program.earn_rate",
        "program.thresholds",
        "program",
    ]


# ---- declarations ----------------------------------------------------------------------------------------


def define(annotation, default):
    return type("Broken", (Spec,), {"__annotations__": {"x": annotation}, "x": default, "__module__": __name__})


@pytest.mark.parametrize(
    ("annotation", "default", "message"),
    [
        (
            float,
            param(2, unit="utility", bounds=(0, 1), evidence="assumed"),
            "Broken.x = 2 is outside [0, 1] (utility)",
        ),
        (
            tuple[float, ...],
            param((0, 2), unit="utility", bounds=(0, 1), evidence="assumed"),
            "Broken.x[1] = 2 is outside [0, 1] (utility)",
        ),
        (
            list[float],
            param([], unit="cu", evidence="assumed"),
            "Broken.x: a Spec is frozen: declare a tuple, it takes a list",
        ),
        (
            dict[str, list[int]],
            param({}, unit="cu", evidence="assumed"),
            "Broken.x: a Spec is frozen: declare a tuple, it takes a list",
        ),
        (
            Literal[1, 2],
            param(1, unit="name", evidence="assumed"),
            "Broken.x: a Literal is a choice among words; for numbers declare int and bounds",
        ),
        (
            tuple[Literal["a", 2], ...] | None,
            param(None, unit="name", evidence="assumed"),
            "Broken.x: a Literal is a choice among words; for numbers declare int and bounds",
        ),
        (
            float | None,
            param(1.0, unit="cu", evidence="assumed"),
            "Broken.x: may be None, so None must be its default: a TOML file cannot say None",
        ),
        (
            float | None,
            param(unit="cu", evidence="assumed"),
            "Broken.x: may be None, so None must be its default: a TOML file cannot say None",
        ),
    ],
)
def test_a_declaration_that_cannot_hold_is_refused_when_the_class_is_defined(annotation, default, message):
    with pytest.raises(Refusal) as refused:
        define(annotation, default)
    assert str(refused.value) == message


def test_a_sound_declaration_is_taken():
    assert define(float, param(1, unit="cu", bounds=(0, 1), evidence="assumed"))().x == 1.0


def test_parameters_may_be_replaced_by_name():
    firm = Firm(name="north")
    assert firm.replace(price=1.5) == firm.replace({"price": 1.5})
    assert firm.replace({"name": "south"}, price=1.5).name == "south"
    assert refusal(firm.replace, {"price": 1.0}, price=1.5) == "price: is changed twice"
    assert refusal(firm.replace, prise=1.5).startswith("no Firm parameter 'prise'; did you mean 'price'")
    assert refusal(firm.replace, "price").startswith('changes = "price" is not a table of changes; write replace(')
