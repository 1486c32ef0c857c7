"""What is measured of a queue: identities that hold exactly, numbers by hand, and errors as large as they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.queues.measures import MEASURES
from abm.queues.serve import queue
from tests.examples import examples

OUTCOMES = ["served", "balked", "abandoned", "denied", "contained", "no_shows"]
SETTINGS = st.fixed_dictionaries(
    {"rate": st.floats(0.5, 3.0), "minutes": st.just(1.0)},
    optional={
        "servers": st.integers(1, 3),
        "patience": st.floats(0.2, 5.0),
        "room": st.integers(3, 8),
        "balking": st.just({"accepted": 1.0}),
        "call_back": st.just({"after": 1.0}),
        "retries": st.just({"share": 0.6, "after": 2.0}),
        "repeats": st.just({"share": 0.2, "after": 5.0}),
        "bot": st.just({"contained": 0.3, "minutes": 0.5}),
        "lines": st.sampled_from(["single", "tickets", "parallel"]),
        "kinds": st.just([{"name": "a", "share": 0.4}, {"name": "b", "share": 0.6, "rank": 1, "patience": 1.0}]),
        "discipline": st.sampled_from(["fcfs", "priority"]),
    },
)


@given(setting=SETTINGS, seed=st.integers(0, 50), warm_up=st.sampled_from([0, 37]))
@settings(deadline=None, max_examples=examples(60))
def test_everybody_offered_has_one_outcome(setting, seed, warm_up):
    found = queue(**setting, customers=400, seed=seed, warm_up=warm_up)
    table, people = found.summary, found.customers
    assert (table["offered"] == table[OUTCOMES].sum(axis=1)).all()
    assert table["offered"].iloc[0] == 400 - warm_up
    if len(table) > 1:
        assert (table[["offered", *OUTCOMES]].iloc[1:].sum() == table[["offered", *OUTCOMES]].iloc[0]).all()
    shares = table[["p_wait", "service_level", "p_balk", "p_abandon", "p_deny", "overtaken", "utilisation"]].to_numpy()
    assert ((shares[np.isfinite(shares)] >= 0) & (shares[np.isfinite(shares)] <= 1)).all()
    done = people[people["outcome"] == "served"]
    assert (done["left"] >= done["began"]).all()
    assert (people["left"].dropna() >= people.loc[people["left"].notna(), "arrival"]).all()


def people_in_line(table: pd.DataFrame) -> float:
    """Return the integral over time of the number who wait, from event to event."""
    left_line = table["began"].fillna(table["left"])
    at = np.concatenate((table["joined"], left_line))
    step = np.repeat([1, -1], len(table))
    order = np.argsort(at, kind="stable")
    return float((np.cumsum(step[order])[:-1] * np.diff(at[order])).sum())


@pytest.mark.parametrize(
    "setting",
    [{}, {"servers": 2, "patience": 2.0}, {"room": 6, "patience": 1.0}, {"balking": {"accepted": 2.0}}],
    ids=str,
)
def test_littles_law_holds_exactly(setting):
    """Mean line x time = minutes waited by all, the line followed from event to event."""
    found = queue(rate=1.1, minutes=1.0, customers=3_000, warm_up=0, **setting)
    table = found.customers
    came_in = table[table["joined"].notna() & table["outcome"].isin(["served", "abandoned"])]
    mean_line = found.summary["mean_line"].iloc[0]
    assert mean_line * table["arrival"].max() == pytest.approx(people_in_line(came_in), rel=1e-9)


def test_measures_by_hand():
    """Arrivals at 0, 1, 2, 3, 10 with needs of 4, 2, 3, 1, 1: waits of 0, 3, 4, 6, 0."""
    found = queue(arrival=[0, 1, 2, 3, 10], need=[4, 2, 3, 1, 1], within=180.0)
    row = found.summary.iloc[0]
    assert (row["offered"], row["served"]) == (5, 5)
    assert row["p_wait"] == pytest.approx(0.6)
    assert row["mean_wait"] == pytest.approx(13 / 5)
    assert row["mean_delay"] == pytest.approx(13 / 3)
    assert (row["wait_80"], row["wait_90"], row["wait_95"]) == (4, 6, 6)
    assert row["service_level"] == pytest.approx(0.6)  # 0, 3 and 0 minutes
    assert row["mean_line"] == pytest.approx(13 / 10)
    assert row["utilisation"] == pytest.approx(11 / 11)
    assert row["longest_line"] == 3


def test_measures_of_who_gives_up_by_hand():
    """The third gives up after 2.5 minutes: then waits are 0, 3, 2.5, 3, 0, of which four are answered."""
    row = queue(arrival=[0, 1, 2, 3, 10], need=[4, 2, 3, 1, 1], patience=[9, 9, 2.5, 9, 9]).summary.iloc[0]
    assert (row["served"], row["abandoned"]) == (4, 1)
    assert row["p_abandon"] == pytest.approx(0.2)
    assert row["mean_wait"] == pytest.approx(8.5 / 5)
    assert row["mean_answer"] == pytest.approx(6 / 4)
    assert row["service_level"] == pytest.approx(2 / 5)


def test_the_warm_up_is_left_out_and_said():
    found = queue(rate=0.5, minutes=1.0, customers=1_000)
    assert found.left_out == [100]
    assert "1,000 customers, the first 100 left out" in repr(found)
    late = found.customers[found.customers["counted"]]
    assert found.summary["mean_wait"].iloc[0] == pytest.approx(late["waited"].mean(), rel=1e-9)
    assert (
        queue(rate=0.5, minutes=1.0, duration=1_000.0, warm_up=200.0).customers.query("counted")["arrival"].min() >= 200
    )
    assert queue(rate=0.5, minutes=1.0, profile="clinic", customers=100).left_out == [0]


def test_a_stated_time_is_the_time_of_the_line():
    """With a duration the mean line is over all of it, also when nobody comes at its end."""
    found = queue(rate=0.02, minutes=30.0, duration=500.0, warm_up=0)
    assert found.summary["mean_line"].iloc[0] == pytest.approx(found.customers["waited"].sum() / 500.0)
    assert found.customers["arrival"].max() < 499.0


def test_standard_errors_are_as_large_as_they_say():
    """Of 40 seeds, the mean wait is within two standard errors of its true 1 minute in most, and not in all."""
    rows = [queue(rate=0.5, minutes=1.0, customers=20_000, seed=seed).summary.iloc[0] for seed in range(40)]
    z = np.array([(row["mean_wait"] - 1.0) / row["mean_wait_se"] for row in rows])
    assert 32 <= np.count_nonzero(np.abs(z) < 2.0) <= 40
    assert 0.7 < z.std() < 1.5
    use = np.array([(row["utilisation"] - 0.5) / row["utilisation_se"] for row in rows])
    assert 0.6 < use.std() < 1.5


def test_replications_give_the_mean_and_its_error():
    alone = [queue(rate=0.5, minutes=1.0, customers=2_000, seed=3, replications=k).summary.iloc[0] for k in (1, 4)]
    found = queue(rate=0.5, minutes=1.0, customers=2_000, seed=3, replications=4)
    by_hand = found.customers.query("counted").groupby("replication")["waited"].mean()
    assert alone[1]["mean_wait"] == pytest.approx(by_hand.mean())
    assert alone[1]["mean_wait_se"] == pytest.approx(by_hand.std() / 2)
    assert alone[0]["mean_wait"] == pytest.approx(by_hand.iloc[0])
    assert alone[1]["offered"] == 4 * 1_800


def test_a_measure_of_nobody_is_not_a_number():
    row = queue(arrival=[1.0], need=[1.0]).summary.iloc[0]
    assert np.isnan(row["mean_delay"])
    assert np.isnan(row["mean_wait_se"])
    assert row["mean_wait"] == 0.0
    assert set(MEASURES) <= set(row.index)
