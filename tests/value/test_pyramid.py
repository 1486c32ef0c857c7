"""Classes by rank, migration between them, and regression to the mean."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, lists

from abm.core.errors import Refusal
from abm.value.pyramid import class_migration, class_table, customer_classes, regression_to_mean, rfm_score

scores = lists(floats(-1e6, 1e6), min_size=1, max_size=60)


def ranked(n):
    return pd.DataFrame({"revenue": np.arange(n, 0, -1.0), "margin": np.arange(n) - n / 2, "clv": np.ones(n)})


def sizes(classes):
    return [int((classes == letter).sum()) for letter in classes.cat.categories]


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1000, [10, 40, 150, 800]), (100, [1, 4, 15, 80]), (10, [0, 1, 1, 8]), (50, [1, 2, 7, 40]), (1, [0, 0, 0, 1])],
)
def test_sizes(n, expected):
    assert sizes(customer_classes(ranked(n))) == expected


def test_the_best_are_first_by_any_classifier():
    table = ranked(100)
    assert customer_classes(table).iloc[0] == "A"
    assert customer_classes(table, by="margin").iloc[-1] == "A"
    assert customer_classes(table, by=lambda found: found["margin"] ** 2).iloc[0] == "A"
    assert customer_classes(table, by=lambda found: (found["margin"] ** 2).sample(frac=1, random_state=1))[0] == "A"
    assert customer_classes(table).max() == "D"  # ordered, the best first


def test_ties_go_by_label_whatever_the_order_of_rows():
    table = pd.DataFrame({"clv": [1.0] * 4}, index=["d", "b", "a", "c"])
    found = customer_classes(table, by="clv", shares=(0.25, 0.25), names="ABC")
    assert found.to_dict() == {"d": "C", "b": "B", "a": "A", "c": "C"}
    assert customer_classes(table.sort_index(), by="clv", shares=(0.25, 0.25), names="ABC").to_dict() == found.to_dict()


@given(values=scores)
def test_nobody_is_below_who_brings_less(values):
    table = pd.DataFrame({"revenue": values})
    found = customer_classes(table, shares=(0.1, 0.3), names="ABC")
    order = np.argsort(-np.array(values), kind="stable")
    codes = found.cat.codes.to_numpy()[order]
    assert (np.diff(codes) >= 0).all()
    assert len(found) == len(values)


def test_rfm_by_hand():
    table = pd.DataFrame(
        {"since_last": [1, 2, 3, 4, 5], "frequency": [9, 7, 5, 3, 1], "revenue": [50, 40, 30, 20, 10]},
        index=list("abcde"),
    )
    assert rfm_score(table).to_dict() == {"a": 15, "b": 12, "c": 9, "d": 6, "e": 3}
    alike = pd.DataFrame({"since_last": [2, 2], "frequency": [1, 1], "revenue": [5, 5]})
    assert rfm_score(alike).tolist() == [12, 12]  # the mean rank of two is 1.5: the fourth quintile
    assert customer_classes(table, by=rfm_score, shares=(0.2,), names="AB")["a"] == "A"


@given(values=scores)
def test_rfm_stays_on_its_scale(values):
    table = pd.DataFrame({"since_last": np.abs(values), "frequency": values, "revenue": values})
    assert rfm_score(table).between(3, 15).all()


def test_the_table_of_classes():
    values = pd.Series([60.0, 20.0, 10.0, 10.0], index=list("abcd"))
    classes = customer_classes(values.to_frame("revenue"), shares=(0.25, 0.25), names="ABC")
    found = class_table(values, classes)
    assert found["customers"].tolist() == [1, 1, 2]
    assert found["share_of_total"].tolist() == [0.6, 0.2, 0.2]
    assert found["mean"].tolist() == [60, 20, 10]
    assert np.isnan(class_table(values * 0, classes)["share_of_total"]).all()


def test_migration_counts_everybody_once():
    before = pd.Series(pd.Categorical(["A", "B", "B"], list("ABC")), index=["ann", "bob", "dan"])
    after = pd.Series(pd.Categorical(["B", "A", "C"], list("ABC")), index=["ann", "bob", "eve"])
    found = class_migration(before, after)
    assert found.loc["A", "B"] == found.loc["B", "A"] == found.loc["B", "gone"] == found.loc["new", "C"] == 1
    assert found.to_numpy().sum() == 4
    assert list(found.index) == ["A", "B", "C", "new"]
    assert list(found.columns) == ["A", "B", "C", "gone"]


def test_who_stays_as_she_is_regresses_to_nothing():
    table = ranked(200)
    classes = customer_classes(table)
    found = regression_to_mean(table["revenue"], table["revenue"], classes)
    assert found.loc[list("ABCD"), "kept"].tolist() == pytest.approx([1] * 4)
    assert found.loc["all", "customers"] == 200
    assert class_migration(classes, classes).loc["A", "A"] == 2


@given(seed=integers(0, 5))
def test_what_is_kept_is_the_correlation_of_the_years(seed):
    """Normal amounts of equal spread with a correlation of .6 keep .6 of any lead."""
    luck = np.random.default_rng(seed)
    lasting, *moods = luck.normal(size=(3, 40_000))
    first, then = (100 + np.sqrt(0.6) * lasting + np.sqrt(0.4) * mood for mood in moods)
    classes = customer_classes(pd.DataFrame({"revenue": first}))
    found = regression_to_mean(pd.Series(first), pd.Series(then), classes)
    assert found.loc[["A", "B", "C", "D"], "kept"].to_numpy() == pytest.approx(0.6, abs=0.08)
    assert found.loc["all", "before"] < found.loc["A", "after"] < found.loc["A", "before"]


def test_all_alike_have_no_lead():
    same = pd.Series([5.0] * 8)
    found = regression_to_mean(same, same, customer_classes(same.to_frame("revenue"), shares=(0.5,), names="AB"))
    assert np.isnan(found["kept"]).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: customer_classes(ranked(3), by="revenu"), "no column \"revenu\"; did you mean 'revenue'?"),
        (lambda: customer_classes(ranked(0)), "the table has no customer"),
        (lambda: customer_classes(ranked(3), shares=(0.5, 0.6), names="ABC"), "together below 1"),
        (lambda: customer_classes(ranked(3), shares=(0.5,)), 'names = "ABCD" are not 2 different letters'),
        (lambda: customer_classes(ranked(3), by=lambda found: found["clv"].head(2)), r"score\[2\] = nan"),
        (lambda: customer_classes(pd.concat([ranked(2)] * 2)), "customer 0 more than once"),
        (lambda: rfm_score(ranked(3)), 'no column "since_last"'),
        (
            lambda: class_migration(
                customer_classes(ranked(3)), customer_classes(ranked(3), shares=(0.5,), names="AB")
            ),
            "do not have the same classes",
        ),
        (
            lambda: regression_to_mean(pd.Series([1.0]), pd.Series([1.0, 2.0]), customer_classes(ranked(2))),
            "before and classes are not of the same customers",
        ),
    ],
)
def test_refusals(call, words):
    with pytest.raises(Refusal, match=words):
        call()
