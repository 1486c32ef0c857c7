"""The same customers in another simulator of queues, Ciw, if it is installed (pip install patronage[queues])."""

from __future__ import annotations

import numpy as np
import pytest

from abm.queues.people import Luck, drawn
from abm.queues.queue import Queue
from abm.queues.running import served

ciw = pytest.importorskip("ciw")
N = 1_500


@pytest.mark.parametrize(("servers", "room"), [(1, None), (3, None), (2, 6)])
def test_given_arrivals_and_needs_have_the_same_waits(servers, room):
    """Ciw draws a need when service begins, which in the order of arrival is that of the same customer."""
    spec = Queue(rate=0.85 * servers, minutes=1.0, servers=servers, room=room)
    people = drawn(spec, Luck(2, 0), N, None)
    found = served(spec, people, 2, 0)
    let_in = found.outcome == 0
    gaps, needs = np.diff(people.arrival, prepend=0.0), people.need[0, let_in]
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps, 1e9])],
        service_distributions=[ciw.dists.Sequential([*needs, 1.0])],
        number_of_servers=[servers],
        **({} if room is None else {"queue_capacities": [room - servers]}),
    )
    world = ciw.Simulation(network)
    world.simulate_until_max_time(found.ended + 1.0)
    records = [row for row in world.get_all_records() if row.record_type == "service"]
    records.sort(key=lambda row: row.arrival_date)
    assert len(records) == np.count_nonzero(let_in)
    np.testing.assert_allclose([row.arrival_date for row in records], people.arrival[let_in], rtol=1e-9)
    np.testing.assert_allclose([row.waiting_time for row in records], found.waited[let_in], atol=1e-6)
