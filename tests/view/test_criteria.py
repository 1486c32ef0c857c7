"""Criteria in words, in the report and as a figure."""

import pytest

from abm.study.comparison.judgement import judge
from abm.view import criteria, figures, summary


def test_words(results):
    rows = judge(results).to_dict("records")
    assert [criteria.words(row) for row in rows] == [
        "csi of north, service against none: difference above 0",
        "csi of north, none: level below 1",
        "profit of north, points against none: difference within ±0.01",
    ]


def test_cells_have_verdict_source_and_reason(results):
    first, second, third = map(criteria.cells, judge(results).to_dict("records"))
    assert first[0] == "met"
    assert first[1].endswith("above 0 (<somebody> 1999)")
    assert second[0] == "not met"
    assert third[0] == "undecided"
    assert "pairs would tell, if the estimate is the truth" in third[1]
    assert third[3].startswith("[")


def test_what_is_not_known_has_no_numbers(results):
    row = judge(results).iloc[0].to_dict() | {"estimate": float("nan"), "low": float("-inf"), "high": float("inf")}
    assert criteria.cells(row)[2:] == ["-", "-"]


def test_the_statement_counts(results):
    said = criteria.statement(judge(results))
    assert said.startswith("Criteria: 1 met, 1 not met, 1 undecided (0.95 confidence")
    assert criteria.unmet(judge(results))
    assert not criteria.unmet(judge(results).iloc[[0, 2]])


@pytest.mark.slow
def test_the_figure_says_what_is_grey(results):
    (drawn,) = [one for one in figures.draw(results, summary.effects(results), 60, 8) if one.file == "criteria.png"]
    assert "Grey: what is claimed" in drawn.note
