"""Levers are made from the specs: all of them, also those of a theory of one's own."""

from typing import ClassVar

import pytest

import abm
from abm.view.page import levers
from abm.view.page.levers import SHARED, THEORIES


class Patience(abm.Mechanism):
    """How long customers wait for an answer."""

    name = "patience"
    owns: ClassVar = (abm.Column("patience", ("customer",), 0.0, "periods", "how long she waits"),)
    span: float = abm.param(4.0, unit="periods", bounds=(0, 1000), evidence="assumed", doc="of waiting")
    style: str = abm.param("mild", unit="name", evidence="assumed", doc="of complaint")


def by_path(scenario):
    """Return every lever of a scenario by its path."""
    return {lever.path: lever for one in levers.sections(scenario) for lever in one.levers}


def test_every_parameter_of_the_catalogue_has_a_control():
    scenario = abm.Scenario()
    known = by_path(scenario.replace(complaint={}, recovery={}, fairness={}))
    wanted = [
        row for row in abm.Scenario.parameters() if row.evidence and row.path.count("*") <= row.path.count("firms.*")
    ]
    missing = {
        row.path
        for row in wanted
        if row.path.replace("firms.*", "firms.north") not in known
        and not row.path.startswith(("firms.", "changes.", "population.segments", "extras"))
    }
    assert missing == {"preset", "off"}  # a study starts from the one, and switches stand for the other


def test_a_theory_of_ones_own_appears_by_itself():
    found = by_path(abm.Scenario().adding(Patience()))
    span = found["patience.span"]
    assert (span.kind, span.unit, span.bounds, span.default, span.evidence) == (
        "number",
        "periods",
        (0, 1000),
        4.0,
        "assumed",
    )
    assert found["patience.style"].kind == "text"


def test_what_a_lever_says():
    price = by_path(abm.Scenario())["firms.north.price"]
    declared = next(row for row in abm.Scenario.parameters() if row.path == "firms.*.price")
    assert (price.unit, price.bounds, price.doc, price.default) == (
        declared.unit, declared.bounds, declared.doc, declared.default
    )  # fmt: skip
    assert price.low <= 1.0 <= price.high


def test_every_slider_stays_within_the_bounds_and_shows_the_default():
    for path, lever in by_path(abm.Scenario()).items():
        if lever.kind in ("number", "whole number"):
            low, high = lever.bounds or (None, None)
            assert low is None or lever.low >= low, path
            assert high is None or lever.high <= high, path
            assert 0 < lever.step <= lever.high - lever.low, path
            if lever.default is not None:
                assert lever.low - lever.step <= lever.default <= lever.high, path


def test_kinds_of_controls():
    found = by_path(abm.Scenario(firms=(abm.Firm("north", program=abm.points_program()),)))
    assert found["firms.north.program.enrolment"].words == ("by_benefit", "automatic")
    assert {"custom", "points", "stamp_card"} <= set(found["firms.north.program.preset"].words)
    assert found["population.customers"].kind == "whole number"
    assert found["population.customers"].step >= 1
    assert found["firms.north.program.tier_discount"].kind == "text"


def test_levers_of_a_theory_that_is_off_are_not_listed_for_firms():
    def paths(scenario):
        return {one.path for one in levers.sections(scenario)}

    assert "firms.north.recovery" not in paths(abm.Scenario())
    assert "firms.north.recovery" in paths(abm.Scenario(complaint={}, recovery={}))


def test_owners_and_states():
    states = {one.path: (one.owner, one.state) for one in levers.sections(abm.Scenario(off=("trust",)))}
    assert states["trust"] == (THEORIES, "off")
    assert states["word_of_mouth"] == (THEORIES, "on")
    assert states["choice"] == (THEORIES, "always")
    assert states["delight"] == (THEORIES, "off")
    assert states["population"] == (SHARED, "always")
    assert states["firms.north.program"] == ("north", "off")
    assert states["firms.north.service"] == ("north", "always")


def test_the_price_comes_first():
    first = levers.sections(abm.Scenario())[0]
    assert (first.owner, first.levers[0].path) == ("north", "firms.north.price")


def test_value():
    scenario, known = abm.Scenario(), by_path(abm.Scenario())
    assert levers.value(scenario, known["firms.north.price"]) == 1.0
    assert levers.value(scenario, known["firms.north.program.goal"]) is None


@pytest.mark.parametrize("words", ["contact rate", "CONTACT_RATE", "chance that a story passes"])
def test_search_finds_a_lever_by_its_name_or_meaning(words):
    found = levers.matching(levers.sections(abm.Scenario()), words)
    assert "word_of_mouth.contact_rate" in [lever.path for one in found for lever in one.levers]


def test_search_for_a_title_keeps_all_its_levers_and_for_nothing_everything():
    everything = levers.sections(abm.Scenario())
    whole = next(one for one in everything if one.path == "word_of_mouth")
    assert levers.matching(everything, "word of mouth")[0] == whole
    assert levers.matching(everything, "  ") == everything
    assert levers.matching(everything, "zebra") == []
