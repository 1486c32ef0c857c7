"""Thresholds: where two arms change places is read off differences that are clear on both sides of it."""

from __future__ import annotations

import pandas as pd
import pytest

import abm
from abm.core.errors import Refusal
from abm.study.sensitivity import threshold_files
from abm.study.sensitivity.thresholds import Thresholds, thresholds, values_of, weights_of

HERE = float("nan")


def table(*rows):
    """Return a table of differences a - b: (weight, value, difference, half width), with the present value 1."""
    return pd.DataFrame(
        [
            {
                "weight": weight, "evidence": "assumed", "now": 1.0, "value": value, "arm": "a", "against": "b",
                "difference": difference, "low": difference - half, "high": difference + half, "pairs": 9,
            }
            for weight, value, difference, half in rows
        ]
    )  # fmt: skip


def found(*rows, order=("a", "b")):
    return Thresholds("profit", "more", "north", "cu", 0.95, 9, 100, order, ("w",), (), table(*rows))


class TestTurns:
    def test_the_place_lies_on_the_line_between(self):
        (turn,) = found(("", HERE, 2.0, 0.5), ("w", 3.0, -2.0, 0.5)).turns.to_dict("records")
        assert (turn["at"], turn["beyond"], turn["ahead"], turn["overtaken_by"]) == (2.0, "above", "a", "b")

    def test_below_and_above_are_told_apart(self):
        turns = found(("", HERE, -1.0, 0.1), ("w", 0.0, 1.0, 0.1), ("w", 2.0, 3.0, 0.1)).turns
        assert list(zip(turns["at"], turns["beyond"], strict=True)) == [(0.5, "below"), (1.25, "above")]
        assert set(turns["ahead"]) == {"b"}

    def test_what_is_not_clear_turns_nothing(self):
        assert found(("", HERE, 2.0, 0.5), ("w", 3.0, -2.0, 2.5)).turns.empty
        assert found(("", HERE, 2.0, 2.5), ("w", 3.0, -2.0, 0.5)).turns.empty

    def test_a_value_between_that_is_not_clear_is_passed_over(self):
        (turn,) = found(("", HERE, 2.0, 0.5), ("w", 2.0, 1.0, 3.0), ("w", 3.0, -1.0, 0.5)).turns.to_dict("records")
        assert turn["at"] == 2.5  # between the last value at which a leads and the first at which b does

    def test_the_statement_says_who_loses_a_place_and_where(self):
        said = found(("", HERE, 2.0, 0.5), ("w", 3.0, -2.0, 0.5)).statement
        assert "profit of north: a comes first, b last." in said
        assert "a would no longer be first at w above 2 (now 1)." in said
        assert "b would no longer be last at w above 2 (now 1)." in said
        assert "0 of 1 weight turn no" in said

    def test_the_statement_says_what_turns_nothing(self):
        said = found(("", HERE, 2.0, 0.5), ("w", 3.0, 1.0, 0.5)).statement
        assert "a stays first over all that was tried" in said
        assert "1 of 1 weight turns no two arms" in said


class TestValues:
    @pytest.mark.parametrize(
        ("path", "now", "tried"),
        [
            ("choice.attraction", 8.0, (4.0, 16.0)),
            ("trust.growth", 0.2, (0.1 / 0.9, 1 / 3)),  # odds of 1/4: 1/8 and 1/2
            ("choice.outside", -0.5, (-1.5, 0.5)),
            ("word_of_mouth.delighted_from", 0.7, (0.35, 0.99)),  # a bound is not passed
            ("rewards.out_of_mind", 1.0, (0.5,)),
        ],
    )
    def test_half_and_twice(self, path, now, tried):
        assert values_of(abm.Scenario().replace({path: now}), path) == pytest.approx(tried)


@pytest.fixture
def prices(study):
    """Two arms: nothing, and a price that is lower by a twentieth."""
    return study(arms={"none": {}, "cheap": {"firms.north.price": 0.95}}, kpis=("profit", "share_of_wallet"))


def test_weights_are_those_in_force_that_nobody_has_measured(prices):
    names = weights_of(prices)
    assert {"choice.attraction", "taste.taste_spread", "pricing.price_sensitivity"} <= set(names)
    assert not any(name.startswith(("firms.", "population.", "network.", "rewards.", "advertising.")) for name in names)
    assert "choice.term" not in names  # of contracts, which this market does not have
    assert "word_of_mouth.devotion" not in names  # 0: left out


def test_a_price_cut_pays_where_prices_count(prices, tmp_path):
    """Nobody comes for a price that nobody minds; where prices are all that counts, the cheaper firm has everybody."""
    tried = {"pricing.price_sensitivity": [0.0, 50.0]}
    prices = prices.replace(
        scenario=prices.scenario.replace({"population.customers": 1000, "choice.outside": -80.0}), replications=4
    )
    seen = []
    found = thresholds(
        prices,
        weights=tried,
        store=tmp_path,
        workers=1,
        watch=lambda weight, done, total: seen.append((weight, done, total)),
    )
    assert seen == [("", 0, 3), ("pricing.price_sensitivity", 1, 3), ("pricing.price_sensitivity", 2, 3)]
    ends = found.table.set_index("value")["difference"]
    assert ends[0.0] > 0 > ends[50.0]  # none minus cheap
    (turn,) = found.turns.to_dict("records")
    assert (turn["ahead"], turn["overtaken_by"]) == ("none", "cheap")
    assert 6.0 < turn["at"] < 50.0
    again = thresholds(prices, weights=tried, store=tmp_path, workers=1)
    pd.testing.assert_frame_equal(again.table, found.table)


class TestFiles:
    def test_what_is_written_is_read_again(self, prices, tmp_path):
        found = thresholds(prices, weights={"taste.taste_spread": [0.5]}, workers=1)
        threshold_files.write(tmp_path, found, prices)
        again = threshold_files.read(tmp_path, prices)
        pd.testing.assert_frame_equal(again.table, found.table)
        assert (again.statement, again.order, again.tried) == (found.statement, found.order, found.tried)

    def test_another_state_of_the_study_is_not_taken_for_this_one(self, prices, tmp_path):
        found = thresholds(prices, weights={"taste.taste_spread": [0.5]}, workers=1)
        threshold_files.write(tmp_path, found, prices)
        other = prices.replace(scenario=prices.scenario.replace({"choice.attraction": 1.0}))
        assert threshold_files.read(tmp_path, other) is None
        more = prices.replace(replications=50, scenario=prices.scenario.replace({"population.customers": 500}))
        assert threshold_files.read(tmp_path, more) is not None  # asked of fewer customers, as it says

    def test_nothing_is_none(self, tmp_path):
        assert threshold_files.read(tmp_path) is None

    def test_a_damaged_file_is_refused(self, tmp_path):
        (tmp_path / threshold_files.FACTS).write_text("{")
        with pytest.raises(Refusal, match=r"thresholds.json: is not as it was written"):
            threshold_files.read(tmp_path)


def test_an_impossible_value_is_refused_before_any_run(prices):
    with pytest.raises(Refusal, match=r"taste.taste_spread = -1.0 is outside"):
        thresholds(prices, weights={"taste.taste_spread": [-1.0]}, workers=1)


def test_a_market_without_an_answer_is_left_out(study):
    """The budget cannot be reached where the cost of quality is beyond all measure."""
    match = {"by": "firms.north.price", "kpi": "lever_cost", "of": "revenue", "plus": 0.03, "between": [0.9, 0.999]}
    asked = study(arms={"none": {}, "cheap": {"match": match}}, kpis=("profit", "lever_cost", "revenue"))
    found = thresholds(asked, weights={"choice.outside": [60.0]}, workers=1)
    assert len(found.left_out) == 1
    assert found.left_out[0].startswith("choice.outside = 60: ")
    assert "Without an answer" in found.statement


def test_one_arm_has_no_order(study):
    with pytest.raises(Refusal, match="has one arm"):
        thresholds(study(arms={"none": {}}), workers=1)
