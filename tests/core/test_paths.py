"""Paths into a spec: every way of writing one, every way of missing, and changes that apply together."""

from itertools import permutations
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import model_validator

import abm
from abm.core.errors import Refusal
from abm.core.paths import replaced, value_at
from abm.core.spec import Spec, param


class Program(Spec):
    earn_rate: float = param(0.0, unit="points/cu", bounds=(0, 1), evidence="assumed")
    goal: float = param(10.0, unit="points", bounds=(1, 99), evidence="assumed")


class Firm(Spec):
    name: str = param("x", unit="name", evidence="assumed")
    price: float = param(1.0, unit="price index", bounds=(0, 1000), evidence="assumed")
    program: Program | None = None


class Habit(Spec):
    name: ClassVar[str] = "habit"
    growth: float = param(0.05, unit="utility", bounds=(0, 1), evidence="assumed")


class Market(Spec):
    unfolded = ("extras",)
    periods: int = param(52, unit="periods", bounds=(0, 99), evidence="assumed")
    shares: tuple[float, ...] = param((0.5, 0.5), unit="share", bounds=(0, 1), evidence="assumed")
    firms: tuple[Firm, ...] = ()
    extras: tuple[Habit, ...] = ()
    weights: dict[str, Any] = param({}, unit="ratio", evidence="assumed")


class Study(Spec):
    scenario: Market = Market()
    arms: dict[str, dict[str, Any]] = param({}, unit="value", evidence="assumed")


NORTH, SOUTH = Firm(name="north"), Firm(name="south", program=Program())
MARKET = Market(firms=(NORTH, SOUTH), extras=(Habit(),), weights={"a": 1.0, "b": {"c": 2.0}})
STUDY = Study(scenario=MARKET, arms={"points": {"firms.north.price": 2.0}})


def refusal(act, *args):
    with pytest.raises(Refusal) as refused:
        act(*args)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


# ---- where a path leads ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("periods", 52),
        ("firms", (NORTH, SOUTH)),
        ("firms.north", NORTH),
        ("firms.1", SOUTH),
        ("firms[1]", SOUTH),
        ("firms[south].name", "south"),
        ("firms.south.program.goal", 10.0),
        ("firms[1].program", Program()),
        ("firms.north.program", None),
        ("shares.1", 0.5),
        ("shares[0]", 0.5),
        ("weights.a", 1.0),
        ("weights.b.c", 2.0),
        ("extras.habit.growth", 0.05),
        ("habit.growth", 0.05),
        ("habit", Habit()),
        ('"firms"."north".price', 1.0),
    ],
)
def test_value_at(path, value):
    assert value_at(MARKET, path) == value


def test_a_key_that_holds_a_dot_stands_in_quotes():
    assert value_at(STUDY, 'arms.points."firms.north.price"') == 2.0
    changed = replaced(STUDY, {'arms.points."firms.north.price"': 3.0})
    assert changed.arms == {"points": {"firms.north.price": 3.0}}
    assert STUDY.arms == {"points": {"firms.north.price": 2.0}}


def test_a_name_goes_before_an_index():
    market = Market(firms=(Firm(name="1"), Firm(name="0")))
    assert value_at(market, "firms.0").name == "0"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("priods", "no Market parameter 'priods'; did you mean 'periods'?"),
        ("habt.growth", "no Market parameter 'habt' in 'habt.growth'; did you mean 'habit'?"),
        ("firms.north.prise", "no Firm parameter 'prise' in 'firms.north.prise'; did you mean 'price'?"),
        ("firms.nroth.price", "no 'nroth' in 'firms'; did you mean 'north'?"),
        ("firms.2", "no '2' in 'firms'; there is north, south"),
        ("firms.-1", "no '-1' in 'firms'; there is north, south"),
        ("firms.²", "no '²' in 'firms'; there is north, south"),
        ("shares.2", "no '2' in 'shares'; there is 0, 1"),
        ("weights.z", "no entry 'z' in 'weights'; there is a, b"),
        ("periods.x", "'periods' is a single value, 52; 'periods.x' leads on past it"),
        (
            "firms.north.name.x",
            "'firms.north.name' is a single value, \"north\"; 'firms.north.name.x' leads on past it",
        ),
        (
            "firms.north.program.earn_rate",
            "'firms.north.program' is not set, so there is no 'firms.north.program.earn_rate'; "
            "set it as a whole, such as firms.north.program = { earn_rate = … }",
        ),
        ("", '"" is not a path; write names between dots, such as firms.north.price'),
        (".", '"." is not a path; write names between dots, such as firms.north.price'),
        ("firms..price", '"firms..price" is not a path; write names between dots, such as firms.north.price'),
        ("firms.", '"firms." is not a path; write names between dots, such as firms.north.price'),
        ("firms[0", '"firms[0" is not a path; write names between dots, such as firms.north.price'),
        ('firms."north', r'"firms.\"north" is not a path; write names between dots, such as firms.north.price'),
        ("firms]0[", '"firms]0[" is not a path; write names between dots, such as firms.north.price'),
    ],
)
def test_a_path_that_leads_nowhere(path, message):
    assert refusal(value_at, MARKET, path) == message
    assert refusal(replaced, MARKET, {path: 1}) == message


def test_an_index_of_thousands_of_digits():
    assert "there is north, south" in refusal(value_at, MARKET, "firms." + "9" * 5000)


def test_two_items_of_one_name():
    market = Market(firms=(Firm(name="north"), Firm(name="north", price=2)))
    assert refusal(value_at, market, "firms.north.price") == (
        "2 items of 'firms' are named 'north'; write an index: firms.0"
    )
    assert value_at(market, "firms.1.price") == 2.0


@given(st.text() | st.text(alphabet='firmsnoth012.[]"'))
def test_any_text_is_a_path_or_refused_in_one_line(path):
    try:
        value = value_at(MARKET, path)
    except Refusal as refused:
        value = str(refused)
    assert not isinstance(value, str) or len(value.splitlines()) == 1


# ---- changes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("periods", 3, 3),
        ("firms.north.price", 3, 3.0),
        ("firms[0].price", 3, 3.0),
        ("firms.north.program", {"earn_rate": 0.5}, Program(earn_rate=0.5)),
        ("firms.north.program", Program(goal=5), Program(goal=5)),
        ("firms.south.program", None, None),
        ("firms.south.program.goal", 5, 5.0),
        ("firms.0", {"name": "north", "price": 7}, Firm(name="north", price=7)),
        ("firms", [{"name": "east"}], (Firm(name="east"),)),
        ("shares.0", 1, 1.0),
        ("shares", [0.1], (0.1,)),
        ("weights.b.c", 3, 3),
        ("weights.b", {"d": 1}, {"d": 1}),
        ("habit.growth", 0.5, 0.5),
        ("extras.0.growth", 0.5, 0.5),
    ],
)
def test_a_replaced_value_is_there_and_nothing_else_moves(path, value, expected):
    before = MARKET.model_copy(deep=True)
    changed = replaced(MARKET, {path: value})
    assert value_at(changed, path) == expected
    assert type(changed) is Market
    assert before == MARKET, "the original stays as it was"
    back = replaced(changed, {path: value_at(MARKET, path)})
    assert back == MARKET


def test_changes_apply_together_in_any_order():
    changes = {
        "firms.north.name": "east",
        "firms.north.price": 2,
        "firms.south.program.goal": 20,
        "firms.south.program.earn_rate": 0.1,
        "habit.growth": 0.9,
    }
    expected = Market(
        firms=(Firm(name="east", price=2), Firm(name="south", program=Program(goal=20, earn_rate=0.1))),
        extras=(Habit(growth=0.9),),
        weights=MARKET.weights,
    )
    for order in permutations(changes):
        assert replaced(MARKET, {path: changes[path] for path in order}) == expected


def test_a_table_for_an_item_that_paths_name_directly_is_of_its_class():
    class Extra(Spec):
        """What a list declares that may hold specs of any class."""

    class Open(Spec):
        unfolded = ("extras",)
        extras: tuple[Extra, ...] = ()

    class Taste(Extra):
        name: ClassVar[str] = "taste"
        salt: float = param(0.5, unit="0-1", bounds=(0, 1), evidence="assumed")

    market = Open(extras=(Taste(salt=0.1),))
    assert replaced(market, {"taste": {"salt": 0.2}}).extras == (Taste(salt=0.2),)
    assert replaced(market, {"taste": {}}).extras == (Taste(),)
    assert refusal(replaced, market, {"taste": {"salt": 2}}) == "taste.salt = 2.0 is outside [0, 1] (0-1)"


def test_values_that_are_only_allowed_together():
    class Interval(Spec):
        low: float = 0.0
        high: float = 1.0

        def model_post_init(self, _: Any) -> None:
            if self.low > self.high:
                raise Refusal("low must not exceed high")

    class Holder(Spec):
        interval: Interval = Interval()

    changed = replaced(Holder(), {"interval.low": 5, "interval.high": 6})
    assert changed.interval == Interval(low=5, high=6)
    assert refusal(replaced, Holder(), {"interval.low": 5}) == "interval: low must not exceed high"


PRESETS: dict[str, dict[str, Any]] = {
    "open": {},
    "contract": {"choice": {"market": "contract", "term": 52}},
    "prepaid": {"choice": {"market": "contract"}, "periods": 12},
}


class Choice(Spec):
    market: str = "open"
    term: int = 1
    inertia: float = 0.5


class Scenario(Spec):
    question: str
    preset: str = "open"
    periods: int = 104
    choice: Choice = Choice()

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, data: Any) -> Any:
        name = data.get("preset", "open")
        if name not in PRESETS:
            raise Refusal(f"no preset {name!r}")
        merged = {**PRESETS[name], **data}
        if isinstance(merged.get("choice"), dict):
            merged["choice"] = {**PRESETS[name].get("choice", {}), **merged["choice"]}
        return merged


class Lab(Spec):
    scenario: Scenario = Scenario(question="?")


@pytest.mark.parametrize(
    ("start", "changes", "end"),
    [
        ({}, {"preset": "contract"}, {"preset": "contract"}),
        ({"preset": "prepaid"}, {"preset": "open"}, {}),
        ({"preset": "prepaid"}, {"preset": "contract"}, {"preset": "contract"}),
        ({"periods": 7}, {"preset": "prepaid"}, {"preset": "prepaid", "periods": 7}),
        ({"periods": 7}, {"preset": "prepaid", "periods": 104}, {"preset": "prepaid", "periods": 104}),
        (
            {"choice": {"inertia": 0.9}},
            {"preset": "contract"},
            {"preset": "contract", "choice": {"inertia": 0.9}},
        ),
        (
            {},
            {"choice.market": "open", "preset": "contract", "choice.inertia": 0.1},
            {"preset": "contract", "choice": {"market": "open", "inertia": 0.1}},
        ),
        ({"preset": "contract"}, {"preset": "contract"}, {"preset": "contract"}),
    ],
)
def test_another_preset_moves_what_was_not_set_apart(start, changes, end):
    scenario = Scenario(question="?", **start)
    expected = Scenario(question="?", **end)
    assert replaced(scenario, changes) == expected
    inside = replaced(Lab(scenario=scenario), {f"scenario.{path}": value for path, value in changes.items()})
    assert inside.scenario == expected


def test_a_preset_that_does_not_exist():
    assert refusal(replaced, Lab(), {"scenario.preset": "opn"}) == "scenario: no preset 'opn'"


def test_no_changes_change_nothing():
    assert replaced(MARKET, {}) == MARKET


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"periods": -1}, "periods = -1 is outside [0, 99] (periods)"),
        ({"periods": 1e1}, "periods = 10.0 is not a whole number; write 10"),
        ({"firms.north.price": True}, "firms.north.price = true is not a number"),
        ({"firms[0].price": -1}, "firms.north.price = -1.0 is outside [0, 1000] (price index)"),
        (
            {"firms.north.program": {"earn_rte": 1}},
            "firms.north.program: no Program parameter 'earn_rte'; did you mean 'earn_rate'?",
        ),
        ({"firms.south.program.goal": 0}, "firms.south.program.goal = 0.0 is outside [1, 99] (points)"),
        ({"firms.south.program": 5}, "firms.south.program = 5 is not a Program table"),
        ({"firms.north.price": None}, "firms.north.price = None is not a number"),
        ({"shares.1": 2}, "shares[1] = 2.0 is outside [0, 1] (share)"),
        ({"habit.growth": 2}, "habit.growth = 2.0 is outside [0, 1] (utility)"),
    ],
)
def test_a_value_that_is_not_allowed(changes, message):
    assert refusal(replaced, MARKET, changes) == message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("firms.south", "firms.south.price"),
        ("firms", "firms.south.program.goal"),
        ("firms.south.program", "firms[1].program.goal"),
        ("extras", "habit.growth"),
    ],
)
def test_a_whole_and_its_part_are_ambiguous_in_either_order(first, second):
    message = f"'{first}' and '{second}' overlap; say '{second}' inside the value of '{first}'"
    assert refusal(replaced, MARKET, {first: None, second: None}) == message
    assert refusal(replaced, MARKET, {second: None, first: None}) == message


@pytest.mark.parametrize(
    ("first", "second"),
    [("firms.north.price", "firms.0.price"), ("firms.1", "firms[1]"), ("habit.growth", "extras.habit.growth")],
)
def test_two_spellings_of_one_value(first, second):
    message = f"'{first}' and '{second}' are the same value; change it once"
    assert refusal(replaced, MARKET, {first: 1, second: 1}) == message


def test_names_that_only_look_like_a_whole_and_its_part():
    market = Market(firms=(Firm(name="north"), Firm(name="north2")))
    changed = replaced(market, {"firms.north": {"name": "a"}, "firms.north2": {"name": "b"}})
    assert [firm.name for firm in changed.firms] == ["a", "b"]


def test_a_table_for_a_list_is_answered_with_the_path():
    with pytest.raises(Refusal) as caught:
        abm.Scenario().replace({"firms": {"north": {"price": 0.9}}})
    assert str(caught.value) == (
        "firms = { north = { price = 0.9 } } is not a list; to change one of it, write the whole path as one key, "
        '"firms.north.price"'
    )
