"""A number never stands alone: unit, bounds, evidence and source are asked for when a class is defined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from abm.core.citations import Source, cite
from abm.core.errors import Refusal
from abm.core.parameters import Meaning, check_within, interval, meaning_of, param
from abm.core.sources import ANDERSON_SULLIVAN_1993, FADER_HARDIE_2013, OLIVER_1980, PROTOTYPE
from abm.core.spec import Spec

READ = cite(ANDERSON_SULLIVAN_1993, "abstract")


def declared(**changes):
    return param(0.5, **{"unit": "1/period", "evidence": "assumed", **changes})


def refusal(**changes):
    with pytest.raises(Refusal) as refused:
        declared(**changes)
    return str(refused.value)


def test_a_field_carries_what_was_declared():
    field = declared(bounds=(0, 1), evidence="measured", source=READ, doc="speed of learning")
    assert meaning_of(field) == Meaning("1/period", (0, 1), "measured", READ, "speed of learning")
    assert field.default == 0.5
    assert field.description == "speed of learning"


def test_the_meaning_survives_in_the_class_and_its_heirs():
    class Learning(Spec):
        rate: float = declared(bounds=(0, 1))

    class Slower(Learning):
        brake: float = declared()

    for spec in (Learning, Slower):
        assert meaning_of(spec.model_fields["rate"]) == Meaning("1/period", (0, 1), "assumed", None, "")


def test_a_plain_field_has_no_meaning():
    assert meaning_of(Field(1.0)) is None
    assert meaning_of(Field(1.0, json_schema_extra={"example": 2})) is None


def test_a_parameter_without_default_is_required():
    assert param(unit="customers", evidence="assumed").is_required()
    assert not declared().is_required()


def test_a_mutable_default_is_not_shared():
    class Weights(Spec):
        weights: dict[str, float] = param({}, unit="ratio", evidence="assumed")

    assert Weights().weights is not Weights().weights


@pytest.mark.parametrize("unit", ["", None])
def test_a_unit_is_asked_for(unit):
    assert refusal(unit=unit) == 'param needs a unit; write unit="ratio" for a pure number'


def test_evidence_is_one_of_three_words():
    assert refusal(evidence="guessed") == 'evidence = "guessed" is not measured, calibrated or assumed'


def test_a_measured_parameter_needs_a_source():
    assert refusal(evidence="measured") == (
        'evidence="measured" needs a source; read it and cite the place, or say evidence="calibrated" or "assumed"'
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (OLIVER_1980, "not Oliver 1980, eq. 3 (from memory); "),
        (FADER_HARDIE_2013, "not Fader & Hardie 2013, eq. 3 (seen in a secondary source); "),
    ],
)
def test_what_nobody_read_is_never_measured(source, said):
    message = refusal(evidence="measured", source=cite(source, "eq. 3"))
    assert message.startswith(f'evidence="measured" needs a source that was read, {said}')


def test_a_prototype_measures_nothing():
    message = 'evidence="measured", but a prototype measures nothing; say evidence="calibrated"'
    assert refusal(evidence="measured", source=cite(PROTOTYPE, "run")) == message


@pytest.mark.parametrize("seen", ["text", "abstract"])
def test_what_was_read_may_be_measured(seen):
    source = cite(Source("A_2001", "A 2001, Journal", seen), "Table 2")
    assert meaning_of(declared(evidence="measured", source=source)).source is source


@pytest.mark.parametrize("evidence", ["calibrated", "assumed"])
@pytest.mark.parametrize("source", [None, cite(OLIVER_1980, "eq. 3"), cite(PROTOTYPE, "run"), READ])
def test_what_is_not_called_measured_may_have_any_source(evidence, source):
    assert meaning_of(declared(evidence=evidence, source=source)).evidence == evidence


def test_the_class_is_not_defined_when_the_evidence_is_wrong():
    with pytest.raises(Refusal, match="from memory"):

        class Learning(Spec):
            rate: float = param(0.3, unit="1/period", evidence="measured", source=cite(OLIVER_1980, "eq. 3"))


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ((1, 0), "are the wrong way round"),
        ((float("nan"), 1), "must be finite; write None for an open end"),
        ((0, float("inf")), "must be finite; write None for an open end"),
    ],
)
def test_bounds_that_bound_nothing(bounds, said):
    assert said in refusal(bounds=bounds)


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ((0, 1), "[0, 1]"),
        ((0.0, 1000.0), "[0, 1000]"),
        ((-0.5, None), "[-0.5, inf)"),
        ((None, 1e6), "(-inf, 1e6]"),
        ((None, None), "(-inf, inf)"),
        ((1e-9, 1e20), "[1e-09, 1e20]"),
        ((-2_500_000, 1e15), "[-25e5, 1e15]"),
    ],
)
def test_interval(bounds, text):
    assert interval(bounds) == text


unit_interval = Meaning("share", (0, 1), "assumed", None, "")


@pytest.mark.parametrize("value", [0, 1, 0.5, True, "text", None, (), (0, (1, 0.5)), {"a": {"b": 1}}])
def test_within_bounds(value):
    check_within(unit_interval, value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (2, "2 is outside [0, 1] (share)"),
        (-0.1, "-0.1 is outside [0, 1] (share)"),
        ((0, 2), "[1] = 2 is outside [0, 1] (share)"),
        (((0,), (0, -1)), "[1][1] = -1 is outside [0, 1] (share)"),
        ({"a": {"b.c": (0, 5)}}, 'a."b.c"[1] = 5 is outside [0, 1] (share)'),
    ],
)
def test_out_of_bounds_says_where_inside_the_value(value, message):
    with pytest.raises(Refusal) as refused:
        check_within(unit_interval, value)
    assert str(refused.value) == message


@given(st.floats(allow_nan=False), st.floats(-5, 0) | st.none(), st.floats(0, 5) | st.none())
def test_bounds_are_inclusive_and_open_where_none(value, low, high):
    inside = (low is None or low <= value) and (high is None or value <= high)
    meaning = Meaning("utility", (low, high), "assumed", None, "")
    if inside:
        check_within(meaning, value)
    else:
        with pytest.raises(Refusal):
            check_within(meaning, value)


def test_no_bounds_hold_everything():
    check_within(Meaning("utility", None, "assumed", None, ""), (1e300, -1e300))
