"""Figures of who goes where, and the tables they are made of."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import abm
from abm.view import flows, neighbours, plots
from abm.world.network.graphs import positions
from tests.view.readable import assert_readable

mpl.use("Agg")
VISITS = pd.DataFrame(
    [  # customer, period, nth, firm
        (1, 0, 0, "a"), (1, 3, 0, "b"), (1, 3, 1, "a"), (1, 7, 0, "a"),
        (2, 1, 0, "a"), (2, 5, 0, "a"),
        (3, 4, 0, "b"), (3, 5, 0, "a"),
    ],
    columns=["customer", "period", "nth", "firm"],
).assign(arm="none", point=0, replication=0)  # fmt: skip


def words(ax):
    return {text.get_text() for text in ax.texts}


def test_pairs_of_purchases_that_follow_each_other():
    found = flows.of_visits(VISITS.sample(frac=1, random_state=1)).set_index(["from", "to"])["customers"].to_dict()
    assert found == {("a", "b"): 1, ("b", "a"): 2, ("a", "a"): 2}


def test_customers_of_other_runs_are_others():
    again = pd.concat([VISITS, VISITS.assign(replication=1)])
    assert flows.of_visits(again)["customers"].sum() == 2 * 5


def test_the_heat_map_has_shares_of_rows_and_leaves_out_nobody():
    table = pd.DataFrame(
        [("a", "a", 30), ("a", "b", 10), ("b", "a", 5), ("b", "b", 15), ("new", "a", 0), ("a", "gone", 0)],
        columns=["from", "to", "customers"],
    )
    ax = flows.switching(table)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a (40)", "b (20)"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]
    assert words(ax) == {"75%", "25%"}
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.75, 0.25], [0.25, 0.75]])
    assert_readable(ax.figure)


def test_a_table_of_nobody_is_refused():
    with pytest.raises(abm.Refusal, match="nobody goes anywhere"):
        flows.switching(pd.DataFrame([("a", "b", 0)], columns=["from", "to", "customers"]))


def test_cohorts_by_hand():
    table = flows.cohorts(VISITS, "a", 2)  # stretches of two periods: 0-1, 2-3, 4-5, 6-7
    found = {(row.cohort, row.age): (row.customers, row.share) for row in table.itertuples()}
    assert found == {
        (0, 0): (2, 1.0), (0, 1): (2, 0.5), (0, 2): (2, 0.5), (0, 3): (2, 0.5),
        (2, 0): (1, 1.0), (2, 1): (1, 0.0),
    }  # fmt: skip


def test_a_stretch_that_is_not_logged_whole_is_left_out():
    assert flows.cohorts(VISITS, "a", 3)["age"].max() == 1  # periods 6 and 7 are no stretch of three


def test_retention_is_drawn_by_cohort_and_age():
    ax = flows.cohort_retention(flows.cohorts(VISITS, "a", 2), "a", 2, "week")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0–1 (2)", "4–5 (1)"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "2", "4", "6"]
    assert words(ax) == {"100%", "50%"}
    assert ax.get_xlabel() == "weeks later, 2 at a time"
    assert_readable(ax.figure)


def test_who_is_nearest_to_the_customer_with_most_ties():
    star = np.array([[0, 1], [5, 0], [0, 6], [6, 7], [7, 8], [2, 3]])
    people, pairs = neighbours.around(star, most=5)
    assert people.tolist() == [0, 1, 5, 6, 7]
    assert {tuple(sorted(people[pair])) for pair in pairs} == {(0, 1), (0, 5), (0, 6), (6, 7)}
    assert neighbours.around(star)[0].tolist() == [0, 1, 5, 6, 7, 8]  # 2 and 3 are not to be reached
    assert len(neighbours.around(np.empty((0, 2), np.int64))[0]) == 0


def test_the_network_has_a_dot_a_customer_in_the_colour_of_her_firm():
    pairs = np.array([[0, 1], [1, 2]])
    palette = plots.colours(["a", "b"], "")
    at = positions(pairs, 3)
    ax = flows.network(at, pairs, ["a", "b", "a"], palette, title="Who talks to whom")
    drawn = {line.get_color(): line.get_xydata() for line in ax.lines}
    np.testing.assert_allclose(drawn[palette["a"]], at[[0, 2]])
    np.testing.assert_allclose(drawn[palette["b"]], at[[1]])
    assert len(ax.collections[0].get_segments()) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a (2)", "b (1)"]
    assert_readable(ax.figure)


def test_customers_without_a_firm_are_told_apart_by_shape():
    pairs = np.array([[0, 1], [1, 2]])
    ax = flows.network(positions(pairs, 3), pairs, ["a", "nowhere", "gone"], flows.colours(["a"]))
    marks = {line.get_label(): (line.get_marker(), line.get_markerfacecolor()) for line in ax.lines}
    assert marks["a (1)"] == ("o", flows.colours(["a"])["a"])
    assert marks["nowhere (1)"] == ("o", "white")
    assert marks["gone (1)"][0] == "x"
    assert_readable(ax.figure)
