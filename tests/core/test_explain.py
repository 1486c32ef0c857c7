"""From pydantic's errors to one line.  What specs refuse is in test_spec.py; here are the corners."""

from typing import Any

import pytest
from pydantic import BaseModel, Field, field_validator, model_validator

from abm.core.errors import Refusal
from abm.core.explain import no_such, suggestion, validated
from abm.core.spec import Spec, param


class Program(Spec):
    earn_rate: float = param(0.0, unit="points/cu", bounds=(0, 1), evidence="assumed")


class Kpi:
    pass


class Study(Spec):
    program: Program | str = "none"
    other: str | Program = "none"
    kpis: tuple[str | Kpi, ...] = ()
    spread: float | tuple[float, float] = 0.0
    arms: dict[str, dict[str, Any]] = param({}, unit="value", evidence="assumed")
    programs: dict[str, Program] = param({}, unit="programme", evidence="assumed")
    low: float = 0.0
    high: float = 1.0
    log: str = ""
    code: str = Field("ab", min_length=2)

    @model_validator(mode="after")
    def _ordered(self) -> "Study":
        if self.low > self.high:
            raise ValueError("low must not exceed high")
        return self

    @field_validator("log")
    @classmethod
    def _readable(cls, log: str) -> str:
        if log == "broken":
            raise Refusal("line 3: '2 cents' is not an amount", source="log.csv")
        if log.startswith("/"):
            raise ValueError("must be a path inside the study's folder")
        if log == "nested":
            raise Refusal("= 3 is too much", place="[2].x")
        return log


class Folder(Spec):
    studies: tuple[Study, ...] = ()


def refusal(data, model=Study, **where):
    with pytest.raises(Refusal) as refused:
        validated(model, data, **where)
    return str(refused.value)


def test_place_none_is_the_model_and_empty_is_the_top_of_the_file():
    assert refusal({"low": "x"}) == 'Study.low = "x" is not a number'
    assert refusal({"low": "x"}, place="") == 'low = "x" is not a number'
    assert refusal({"low": "x"}, place="a", source="f.toml") == 'f.toml: a.low = "x" is not a number'


def test_where_a_word_or_a_table_may_stand_a_table_is_judged_as_a_table():
    assert refusal({"program": {"earn_rate": 2}}) == "Study.program.earn_rate = 2.0 is outside [0, 1] (points/cu)"
    assert refusal({"program": {"earn_rte": 2}}) == (
        "Study.program: no Program parameter 'earn_rte'; did you mean 'earn_rate'?"
    )
    assert refusal({"other": {"earn_rate": 2}}) == "Study.other.earn_rate = 2.0 is outside [0, 1] (points/cu)"
    assert refusal({"other": {"earn_rate": "x"}}) == 'Study.other.earn_rate = "x" is not a number'
    assert refusal({"program": 5}) == "Study.program = 5 is not a Program table or text"


def test_a_union_of_plain_types_says_all_that_is_allowed():
    assert refusal({"kpis": ["profit", 5]}) == "Study.kpis[1] = 5 is not text or a Kpi"
    assert refusal({"spread": "x"}) == 'Study.spread = "x" is not a number or a list of 2'
    assert refusal({"spread": {}}) == "Study.spread = {} is not a number or a list of 2"


def test_tables_inside_tables():
    assert refusal({"arms": {"points": 5}}) == "Study.arms.points = 5 is not a table"
    assert refusal({"programs": {"my.club": {"earn_rate": "x"}}}) == (
        'Study.programs."my.club".earn_rate = "x" is not a number'
    )


def test_keys_that_are_not_text():
    assert refusal({"arms": {1: {}}}) == "Study.arms: the key 1 is not text"
    assert refusal({1: 2}, place="scenario") == "scenario: the key 1 is not text"


def test_what_a_validator_says_is_placed():
    assert refusal({"low": 2}) == "Study: low must not exceed high"
    assert refusal({"low": 2}, place="") == "low must not exceed high"
    assert refusal({"log": "/etc"}) == "Study.log: must be a path inside the study's folder"
    assert refusal({"log": "nested"}) == "Study.log[2].x = 3 is too much"
    assert refusal({"studies": [{"low": 2}]}, Folder) == "Folder.studies[0]: low must not exceed high"


def test_what_another_file_refuses_keeps_that_file_s_name():
    assert refusal({"log": "broken"}, source="study.toml", place="") == (
        "study.toml: log: log.csv: line 3: '2 cents' is not an amount"
    )


def test_a_constraint_of_pydantic_is_passed_on():
    assert refusal({"code": "a"}) == 'Study.code = "a" is refused: String should have at least 2 characters'


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("3", "; write 3 without quotes"),
        (" 2.5 ", "; write 2.5 without quotes"),
        ("1e3", "; write 1e3 without quotes"),
        ("nan", ""),
        ("inf", ""),
        ("9" * 500, ""),
        ("three", ""),
    ],
)
def test_a_number_in_quotes_is_recognised(text, hint):
    message = refusal({"low": text})
    assert message.endswith(f" is not a number{hint}")


def test_text_without_quotes_is_recognised():
    assert refusal({"log": 1}) == 'Study.log = 1 is not text; write "1"'
    assert refusal({"log": 1.5}) == 'Study.log = 1.5 is not text; write "1.5"'
    assert refusal({"log": True}) == "Study.log = true is not text"


def test_the_name_of_the_innermost_item_is_told():
    class Branch(Spec):
        name: str = "x"
        size: int = 1

    class Firm(Spec):
        name: str = "x"
        branches: tuple[Branch, ...] = ()

    class Market(Spec):
        firms: tuple[Firm, ...] = ()

    data = {"firms": [{"name": "north", "branches": [{"size": 1}, {"name": "old town", "size": "2"}]}]}
    assert refusal(data, Market) == (
        'Market.firms[0].branches[1].size = "2" is not a whole number; write 2 without quotes '
        "(branches[1] is 'old town')"
    )


def test_a_spec_among_the_data_is_looked_into_for_its_name():
    class Firm(BaseModel):
        name: str

    class Market(Spec):
        firms: tuple[Program, ...] = ()

    assert refusal({"firms": [Firm(name="north")]}, Market).endswith("is not a Program table (firms[0] is 'north')")


def test_suggestion_lists_what_there_is_when_nothing_is_close():
    assert suggestion("zzz", ["low", "high"]) == "; there is low, high"
    assert suggestion("lw", ["low", "high"]) == "; did you mean 'low'?"
    assert suggestion("zzz", []) == "; there is none"
    assert suggestion("zzz", "abcdefghij") == "; there is a, b, c, d, e, f, g, h, …"


def test_no_such():
    assert no_such(Program, "earn_rte", Program.model_fields) == (
        "no Program parameter 'earn_rte'; did you mean 'earn_rate'?"
    )
    assert no_such(Program, "earn_rte", [], " in 'a.b'") == "no Program parameter 'earn_rte' in 'a.b'; there is none"
    assert len(no_such(Program, "x" * 1000, [])) < 120


def test_no_pydantic_error_is_left_showing():
    with pytest.raises(Refusal) as refused:
        validated(Study, {"low": "x"})
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
