"""A simulation against formulas: written out here for the simplest, and by the pages of formulas for all."""

from __future__ import annotations

import math

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.queues.serve import queue

SEEDS = range(12)


def over_seeds(measure, **setting):
    """Return the mean of a measure over seeds, and its standard error."""
    found = [queue(**setting, seed=seed).summary[measure].iloc[0] for seed in SEEDS]
    return np.mean(found), np.std(found, ddof=1) / math.sqrt(len(found))


def erlang_b(servers, load):
    """Return Erlang's loss, by its recursion."""
    lost = 1.0
    for c in range(1, servers + 1):
        lost = load * lost / (c + load * lost)
    return lost


def erlang_c(servers, load):
    lost = erlang_b(servers, load)
    return servers * lost / (servers - load * (1.0 - lost))


LONG_RUN = [
    ("mean_wait", 4.0, {"rate": 0.8, "minutes": 1.0}),
    ("p_wait", 0.8, {"rate": 0.8, "minutes": 1.0}),
    ("utilisation", 0.8, {"rate": 0.8, "minutes": 1.0}),
    ("p_wait", erlang_c(10, 8.0), {"rate": 8.0, "minutes": 1.0, "servers": 10}),
    ("mean_wait", erlang_c(10, 8.0) / 2.0, {"rate": 8.0, "minutes": 1.0, "servers": 10}),
    ("p_deny", erlang_b(3, 2.0), {"rate": 2.0, "minutes": 1.0, "servers": 3, "room": 3}),
    (
        "p_deny",
        erlang_b(3, 2.0),
        {"rate": 2.0, "service": {"kind": "gamma", "mean": 1.0, "shape": 0.5}, "servers": 3, "room": 3},
    ),
    ("mean_wait", 0.5 * 0.7 / 0.3, {"rate": 0.7, "service": {"kind": "constant", "value": 1.0}}),
    ("mean_wait", 0.75 * 0.7 / 0.3, {"rate": 0.7, "service": {"kind": "gamma", "mean": 1.0, "shape": 2.0}}),
    (
        "mean_wait",
        0.5 * math.exp(0.25) * 0.7 / 0.3,
        {"rate": 0.7, "service": {"kind": "lognormal", "mean": 1.0, "spread": 0.5}},
    ),
    # Erlang A with 50 servers: computed from its series, tests/data/queues.json holds the same in more digits.
    ("p_abandon", 0.0309122, {"rate": 48.0, "minutes": 1.0, "servers": 50, "patience": 2.0}),
    ("p_wait", 0.467774, {"rate": 48.0, "minutes": 1.0, "servers": 50, "patience": 2.0}),
]


@pytest.mark.parametrize(("measure", "expected", "setting"), LONG_RUN, ids=str)
def test_the_long_run_is_that_of_the_formula(measure, expected, setting):
    mean, error = over_seeds(measure, customers=60_000, **setting)
    assert abs(mean - expected) < 4.5 * error + 1e-3 * expected


def test_priority_has_cobhams_waits():
    """Two classes of rates 0.2 and 0.6, services of 1 minute: 2 and 6 minutes in the system, services counted."""
    kinds = [{"name": "first", "share": 0.25}, {"name": "second", "share": 0.75, "rank": 1}]
    rows = [
        queue(rate=0.8, minutes=1.0, kinds=kinds, discipline="priority", customers=60_000, seed=seed).summary
        for seed in SEEDS
    ]
    waits = np.array([table.set_index("kind")["mean_wait"][["first", "second"]] for table in rows])
    error = waits.std(axis=0, ddof=1) / math.sqrt(len(rows))
    assert (np.abs(waits.mean(axis=0) - [1.0, 5.0]) < 4.5 * error).all()


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("Erlang C", {"rate": 8.0, "minutes": 1.0, "servers": 10}),
        ("Erlang A", {"rate": 48.0, "minutes": 1.0, "servers": 50, "patience": 2.0}),
        ("Erlang B", {"rate": 1.2, "minutes": 1.0, "servers": 2, "room": 2}),
        ("M/M/c/K", {"rate": 1.0, "minutes": 1.0, "room": 5}),
        ("M/M/c/K", {"rate": 0.9, "minutes": 1.0, "balking": {"rule": "naor", "value": 4.5, "cost": 1.0}}),
        (
            "M/M/c/K",
            {"rate": 1.9, "minutes": 1.0, "servers": 2, "balking": {"rule": "naor", "value": 4.4, "cost": 1.0}},
        ),
        ("M/M/c//N", {"population": {"size": 8, "between": 4.0}, "minutes": 1.0, "servers": 2}),
        ("Pollaczek-Khinchine", {"rate": 0.7, "service": {"kind": "gamma", "mean": 1.0, "shape": 2.0}}),
        (
            "Cobham",
            {
                "rate": 2.5,
                "minutes": 1.0,
                "servers": 3,
                "discipline": "priority",
                "kinds": [{"name": "a", "share": 0.25}, {"name": "b", "share": 0.75, "rank": 1}],
            },
        ),
    ],
    ids=str,
)
def test_each_queue_finds_its_formula(name, setting):
    found = queue(**setting, customers=60_000, replications=8).against_formula()
    assert set(found["formula"]) == {name}
    assert (found["z"].abs() < 5).all(), found


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ({"repeats": {}}, "repeats"),
        ({"service": [1.0, 1.0], "minutes": None}, "several stages"),
        ({"balking": {"accepted": 2.0}}, "balking by a logit"),
        ({"patience": {"kind": "weibull", "mean": 1.0, "shape": 2.0}}, "patience or service that is not exponential"),
        ({"profile": "clinic"}, "profile"),
        ({"shifts": {"staff": [2, 1]}}, "pools that differ, shifts or batches"),
        ({"appointments": {"every": 2.0}, "rate": None}, "appointments"),
    ],
    ids=str,
)
def test_what_has_no_formula_is_refused(setting, why):
    served = queue(**{"rate": 0.4, "minutes": 1.0, **setting}, customers=100)
    with pytest.raises(Refusal, match=f"^against_formula: no formula is known for {why}"):
        served.against_formula()
