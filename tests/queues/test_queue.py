"""A queue as it is set up: valid or refused in one line, the same in Python and in TOML."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.distributions import Distribution
from abm.core.errors import Refusal
from abm.core.toml import write_toml
from abm.queues.queue import Queue

MM1 = {"rate": 0.8, "minutes": 1.0}
KINDS = [{"name": "members", "share": 0.3}, {"name": "others", "share": 0.7, "rank": 1}]

REFUSED = [
    ({"servers": 0}, "Queue.servers = 0 is outside [1, 1e5] (servers)"),
    ({"servers": -2}, "Queue.servers = -2 is outside [1, 1e5] (servers)"),
    ({"patience": 0}, 'Queue.patience.mean = 0.0 is outside [1e-09, 1e9] (kind = "exponential")'),
    (
        {"patience": {"kind": "constant", "value": 0.0}},
        "Queue.patience.value = 0.0 minutes is no time; take more than 0",
    ),
    (
        {"patience": {"kind": "normal", "mean": 1.0, "spread": 1.0}},
        'Queue.patience.kind = "normal" is no distribution of times here; take constant, uniform, lognormal, '
        "exponential, weibull or gamma",
    ),
    ({"servers": 3, "room": 2}, "Queue.room = 2 is below the 3 who can be served at a time; take at least 3"),
    ({"bot": {"contained": 1.2}}, "Queue.bot.contained = 1.2 is outside [0, 1] (share)"),
    ({"retries": {"share": -0.1}}, "Queue.retries.share = -0.1 is outside [0, 1] (share)"),
    ({"servrs": 3}, "no Queue parameter 'servrs'; did you mean 'servers'?"),
    ({"discipline": "exprss"}, 'Queue.discipline = "exprss" is not one of fcfs, priority, express or appointment'),
    ({"profile": "clinik"}, "Queue.profile: no arrival profile preset 'clinik'; did you mean 'clinic'?"),
    ({"profile": {"rates": [0.0, 0.0]}}, "Queue.profile.rates = [0.0, 0.0] lets nobody come; give one rate above 0"),
    ({"pools": [{"name": str(k)} for k in range(17)]}, "Queue.pools: has 17 pools; take at most 16"),
    ({"pools": [{"name": "a", "kinds": ["vip"]}]}, 'Queue.pools[0].kinds = "vip" is no kind (there are customers)'),
    ({"kinds": [{"name": "a", "share": 0.3}]}, "Queue.kinds: shares add to 0.3, not 1; change one"),
    ({"interarrival": 2.0}, "Queue.interarrival: comes with rate; a queue takes one of rate, interarrival"),
    ({"balking": {"rule": "naor", "cost": 1.0}}, 'Queue.balking.value: is missing; rule = "naor" takes value and cost'),
    (
        {"balking": {"rule": "naor", "value": 0.5, "cost": 1.0}},
        "Queue.balking.value = 0.5 is below the 1 that a service costs in time, so that nobody would come; take more",
    ),
    ({"discipline": "express"}, 'Queue.express_limit: is missing; discipline = "express" needs'),
    ({"discipline": "appointment"}, 'Queue.discipline = "appointment" needs slots; give [appointments]'),
    ({"shifts": {"staff": [0, 0]}}, "Queue.shifts.staff = [0, 0] has nobody on duty; give one number above 0"),
    (
        {"lines": "parallel", "shifts": {"staff": [2, 1]}},
        'Queue.lines = "parallel" has a line for each server, who is always there; take a single line',
    ),
    (
        {"discipline": "express", "express_limit": 1.0, "servers": 2, "express_servers": 2},
        "Queue.express_servers = 2 leaves none of 2 servers to the others; take fewer",
    ),
    ({"pools": [{"name": "a", "stage": 2}]}, "Queue.pools[0].stage = 2 is above the 1 of service"),
    (
        {"rate": None, "population": {"size": 3, "between": 1.0}, "bot": {}},
        "Queue.bot: stands in front of arrivals; with a finite population leave it out",
    ),
    ({"service": 2.0}, "Queue.minutes: comes with service; give one of them"),
]


@pytest.mark.parametrize(("values", "line"), REFUSED, ids=[str(values)[:40] for values, _ in REFUSED])
def test_what_cannot_be_is_refused_in_one_line(values, line):
    with pytest.raises(Refusal) as caught:
        Queue(**{**MM1, **values})
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


@given(
    servers=st.integers(1, 50),
    patience=st.none() | st.floats(0.1, 100),
    extra=st.sampled_from(
        [
            {},
            {"profile": "clinic"},
            {"kinds": KINDS, "discipline": "priority"},
            {"balking": {"accepted": 3.0}, "announcement": {"part": 0.8}},
            {"balking": {"rule": "naor", "value": 9.0, "cost": 1.0}},
            {"call_back": {}, "retries": {}, "repeats": {}, "bot": {"contained": 0.2}},
            {"kinds": KINDS, "pools": [{"name": "a", "kinds": ["others"]}, {"name": "b", "skills": ["members"]}]},
            {"shifts": {"staff": [2, 1, 3], "interval": 30.0}},
        ]
    ),
)
def test_a_file_of_a_queue_gives_the_same_queue(servers, patience, extra):
    own = {} if {"pools", "shifts"} & extra.keys() else {"servers": servers}
    queue = Queue(**MM1, **own, patience=patience, **extra)
    assert Queue.parse(tomllib.loads(write_toml(queue.to_dict()))) == queue
    assert Queue.parse(tomllib.loads(write_toml(queue.to_dict(full=True)))) == queue


def test_a_number_is_the_mean_of_an_exponential():
    exponential = Distribution(kind="exponential", mean=2.0)
    queue = Queue(rate=1.0, service=2, patience=2.0, kinds=[{"name": "a", "share": 1.0, "service": 2.0}])
    assert queue.service == (exponential,) == queue.kinds[0].service
    assert queue.patience == exponential
    assert Queue(rate=1.0, minutes=2.0).times == queue.times


def test_the_clinic_has_its_most_on_monday_and_fewest_on_thursday():
    rates = Queue(**MM1, profile="clinic").profile.rates
    assert max(rates) == rates[0] == 1.25
    assert min(rates) == rates[3] == 0.85
    assert sum(rates) / 7 == pytest.approx(1.0)
