"""Predictive validity: the area under the curve by hand and by property, and answers held against later visits."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.value.validity import area_under_curve, predictive_validity

customers = st.lists(st.tuples(st.integers(1, 10), st.booleans()), min_size=1, max_size=40)


def test_by_hand():
    """Of 2 x 3 pairs 8 beats all three and 5 beats one and draws with one: 4.5 of 6."""
    found = area_under_curve([8, 5, 6, 5, 2], [1, 1, 0, 0, 0])
    assert found.value == pytest.approx(4.5 / 6)
    assert found.n == 5
    # shares beaten: of those who came 1 and 1/2, of the others by 1/2, 3/4 and 1
    assert found.standard_error == pytest.approx(np.sqrt(0.125 / 2 + np.var([0.5, 0.25, 0.0], ddof=1) / 3))


@given(customers)
def test_it_is_the_share_of_pairs_in_order(people):
    scores, came = (np.array(column) for column in zip(*people, strict=True))
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[came] for b in scores[~came]]
    found = area_under_curve(scores, came)
    if not pairs:
        assert np.isnan(found.value)
    else:
        assert found.value == pytest.approx(np.mean(pairs))
        assert area_under_curve(-scores, came).value == pytest.approx(1 - found.value)
        assert area_under_curve(scores**3, came).value == pytest.approx(found.value), "it is of ranks alone"


def test_its_error_is_that_of_repeated_samples():
    dice = np.random.default_rng(3)
    samples = [(dice.normal(size=120), np.arange(120) < 50) for _ in range(400)]
    found = [area_under_curve(x + 0.7 * y, y) for x, y in samples]
    assert np.mean([one.standard_error for one in found]) == pytest.approx(
        np.std([one.value for one in found]), rel=0.1
    )


LOG = pd.DataFrame(
    [
        (0, 1, "a", 1, 9, 2), (0, 2, "a", 1, 3, 9), (1, 1, "a", 1, 8, 3), (1, 3, "a", 0, 0, 0), (1, 3, "b", 1, 5, 5),
        (2, 1, "a", 0, 0, 0), (2, 4, "a", 1, 2, 8), (5, 1, "a", 1, 1, 1), (6, 3, "a", 0, 0, 0), (6, 4, "b", 0, 0, 0),
        (6, 1, "b", 0, 0, 0), (7, 1, "b", 0, 0, 0), (9, 2, "a", 0, 0, 0),
    ],
    columns=["period", "customer", "firm", "answered", "answer_overall", "answer_repurchase"],
)  # fmt: skip


class TestValidity:
    def test_by_hand(self):
        """Latest answers before 5: 1 of a says 8 and 3, 2 of a 3 and 9, 3 of b 5 and 5, 4 of a 2 and 8; of these only 1
        comes again to the firm from 5 to 8, with one visit of three.
        """
        found = predictive_validity(LOG, cut=5, horizon=4)
        assert found.loc["answer_overall", ["auc", "n", "repurchased"]].tolist() == [1.0, 4, 0.25]
        assert found.loc["answer_repurchase", "auc"] == 0.0
        assert predictive_validity(LOG, cut=5, horizon=5)["repurchased"].tolist() == [0.5, 0.5]
        assert predictive_validity(LOG, cut=5, horizon=4, least=0.5)["repurchased"].tolist() == [0.0, 0.0]

    def test_customers_of_two_runs_are_different_people(self):
        both = pd.concat([LOG.assign(run_id="x"), LOG.assign(run_id="y")])
        one, other = (predictive_validity(table, cut=5, horizon=4) for table in (LOG, both))
        assert other["n"].tolist() == [8, 8]
        pd.testing.assert_series_equal(one["auc"], other["auc"])

    @pytest.mark.parametrize(
        ("table", "cut", "said"),
        [
            (LOG.drop(columns="answered"), 5, 'no column "answered"'),
            (LOG.drop(columns=["answer_overall", "answer_repurchase"]), 5, "no column of answers"),
            (LOG.assign(answered=0), 5, "nobody answered before period 5"),
            (LOG, 20, "no visit from period 20 to 23"),
        ],
    )
    def test_what_cannot_be_told_is_refused(self, table, cut, said):
        with pytest.raises(Refusal, match=said):
            predictive_validity(table, cut=cut, horizon=4)

    def test_columns_of_unequal_length(self):
        with pytest.raises(Refusal, match="scores has 2 entries and outcomes 1"):
            area_under_curve([1, 2], [1])
