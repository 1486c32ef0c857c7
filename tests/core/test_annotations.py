"""Types in plain words."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from pydantic import BaseModel

from abm.core.annotations import bare, described, is_optional, is_spec, is_union, item_annotation, kind, specs_in


class Firm(BaseModel):
    name: str
    prices: tuple[float, ...] = ()


class Offer(BaseModel):
    firm: Firm


class Kpi:
    pass


@pytest.mark.parametrize(
    ("annotation", "inner"),
    [
        (float, float),
        (float | None, float),
        (Optional[float], float),  # noqa: UP045 - both spellings are in use
        (Annotated[float, "note"], float),
        (Annotated[float | None, "note"] | None, float),
        (float | str | None, float | str),
        (tuple[float, ...], tuple[float, ...]),
    ],
)
def test_bare(annotation, inner):
    assert bare(annotation) == inner


def test_unions_in_both_spellings():
    assert is_union(float | str)
    assert is_union(Union[float, str])  # noqa: UP007 - both spellings are in use
    assert not is_union(float)
    assert not is_union(tuple[float, str])


@pytest.mark.parametrize(
    ("annotation", "optional"),
    [(float, False), (float | None, True), (Annotated[float | None, 1], True), (None, True), (float | str, False)],
)
def test_is_optional(annotation, optional):
    assert is_optional(annotation) is optional


def test_is_spec():
    assert is_spec(Firm)
    assert not is_spec(Kpi)
    assert not is_spec(tuple[Firm, ...])
    assert not is_spec("Firm")


@pytest.mark.parametrize(
    ("annotation", "words", "ending"),
    [
        (float, "number", "a number"),
        (int, "whole number", "a whole number"),
        (bool, "true or false", "true or false"),
        (str, "text", "text"),
        (Any, "anything", "anything"),
        (float | None, "number", "a number"),
        (Literal["a", "b", "c"], "'a' | 'b' | 'c'", "one of a, b or c"),
        (tuple[float, ...], "list of number", "a list"),
        (tuple[int, int], "list of whole number", "a list of 2"),
        (tuple[str, float], "list of text or number", "a list of 2"),
        (dict[str, float], "table of number", "a table"),
        (dict[str, tuple[int, ...]], "table of list of whole number", "a table"),
        (Firm, "Firm", "a Firm table"),
        (Offer, "Offer", "an Offer table"),
        (Kpi, "Kpi", "a Kpi"),
        (str | Kpi, "text or Kpi", "text or a Kpi"),
        (float | str | Firm | None, "number or text or Firm", "a number, text or a Firm table"),
        (Callable[[], int], "Callable", "a Callable"),
    ],
)
def test_words(annotation, words, ending):
    assert kind(annotation) == words
    assert described(annotation) == ending


@pytest.mark.parametrize(
    ("annotation", "step", "inner"),
    [
        (Firm, "name", str),
        (Firm, "nme", None),
        (Firm | None, "prices", tuple[float, ...]),
        (tuple[float, ...], 7, float),
        (tuple[int, str], 1, str),
        (tuple[int, str], 2, None),
        (tuple[int, str], "1", None),
        (dict[str, Firm], "north", Firm),
        (float, "x", None),
        (float | str, "float", None),
    ],
)
def test_item_annotation(annotation, step, inner):
    assert item_annotation(annotation, step) == inner


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        (float, []),
        (Firm, [("", Firm)]),
        (Firm | None, [("", Firm)]),
        (Firm | Offer | str, [("", Firm), ("", Offer)]),
        (tuple[Firm, ...], [(".*", Firm)]),
        (tuple[Firm, Firm], [(".*", Firm)]),
        (dict[str, tuple[Firm, ...]], [(".*.*", Firm)]),
    ],
)
def test_specs_in(annotation, found):
    assert specs_in(annotation) == found
