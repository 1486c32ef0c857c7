"""The twin of the situation: by hand, against the kernels, and in the line of a whole market."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from abm.world.visits import ABANDONED, SERVED
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import situation
from tests.reference.by_hand import SEED, assert_counted, listed, put, share, visits_with
from tests.reference.closeness import near
from tests.reference.random_numbers import stream_key


class TestSituationByHand:
    p = situation.EXAMPLE | {"pressure_spread": 0.5, "gift_part": 0.25}

    def test_pressure(self):
        """The median is as usual; 1 sd is at 0.8413447: e^0.5 = 1.648721, and at the other end 1 / 1.648721."""
        found = [situation.pressure(u, self.p) for u in (0.5, 0.8413447, 1.0 - 0.8413447)]
        assert found == pytest.approx([1.0, 1.648721, 0.606531], abs=1e-6)
        assert situation.pressure(0.99, {**self.p, "pressure_spread": 0.0}) == 1.0

    def test_patience(self):
        assert situation.patience(15.0, 2.0) == 7.5

    def test_gifts(self):
        assert [situation.buys_gift(u, self.p) for u in (0.24, 0.25)] == [True, False]

    def test_counts(self):
        """Of three in a hurry two gave up; who is as usual is in none."""
        came = [(1.5, True), (1.5, True), (1.01, False), (1.0, True), (0.5, True)]
        assert situation.counted(came) == {"hurried": 3, "hurried_gave_up": 2}


@settings(max_examples=examples(25))
@given(
    st.fixed_dictionaries({"pressure_spread": st.floats(0.015625, 3.0, width=32), "gift_part": share}),
    visits_with(st.tuples(st.booleans())),
    st.integers(0, 99),
)
def test_occasions_are_those_of_the_twin(numbers, visits, t):
    """At the first firm there is a line; who gives up there is for the line to say, and here those told to do."""
    firms = [{"waiting_line": {"servers": 1}}, {}]
    small = Small(3, firms, waiting_line={}, attributes={}, situation=numbers)
    p, key = {**situation.EXAMPLE, **numbers}, stream_key(SEED, "situation")
    people = listed(small, visits)
    small.phases(Phase.ARRIVAL, t=t)
    luck = [situation.draws(key, identity, t, nth, 0) for *_, identity, nth in people]
    pressures = [situation.pressure(u, p) for u, _ in luck]
    assume(not any(near(pressure, situation.USUAL) for pressure in pressures))
    np.testing.assert_allclose(small.at("time_pressure"), pressures, rtol=1e-4)
    gave_up = [told and j == 0 for _, j, told in visits]
    put(small, visit_outcome=[ABANDONED if told else SERVED for told in gave_up])
    small.phases(Phase.ADMISSION, t=t)
    came = [(one, left) for one, left, (_, j, _) in zip(pressures, gave_up, visits, strict=True) if j == 0]
    assert_counted(small, {name: [count, 0] for name, count in situation.counted(came).items()})
    served = [k for k, left in enumerate(gave_up) if not left]
    small.phases(Phase.SEATING, t=t)
    gifts = (
        [situation.buys_gift(luck[k][1], p) for k in served] if numbers["gift_part"] > 0.0 else [False] * len(served)
    )
    assert small.at("gift_purchase").tolist() == gifts


BUSY = {
    "periods": 6,
    "population": {"customers": 150, "purchase_rate": 1.0},
    "waiting_line": {"minutes_open": 300.0, "service_minutes": 9.0, "branch_visits": 100.0, "balking": "none"},
    "situation": {"pressure_spread": 0.75},
    "firms": [
        {"name": "north", "waiting_line": {"servers": 2}},
        {"name": "east"},
        {"name": "south", "waiting_line": {"servers": 1}},
    ],
}


def test_who_was_in_a_hurry_is_counted_as_by_the_twin():
    """Over periods, of lines in a whole market; what the line does with patience is for its own twin."""
    engine = Engine(Scenario.parse(BUSY), seed=4, replication=3)
    world, key, found = engine.world, stream_key(4, "situation"), {"hurried": 0, "hurried_gave_up": 0}
    for t in range(6):
        engine.run(1)
        book = world.book
        for j in (0, 2):
            places, pressures = book["book_visit"][book["book_start"][j] : book["book_start"][j + 1]], []
            for i, nth in zip(book["book.visit_customer"][places], book["book.visit_nth"][places], strict=True):
                luck = situation.draws(key, int(world.customers.customer_id[i]), t, int(nth), 3)
                pressures.append(situation.pressure(luck[0], BUSY["situation"]))
            np.testing.assert_allclose(book["book.time_pressure"][places], pressures, rtol=1e-4)
            gave_up = (book["book.visit_outcome"][places] == ABANDONED).tolist()
            for name, count in situation.counted(zip(pressures, gave_up, strict=True)).items():
                assert world.tallied(name)[t, j] == count
                found[name] += count
    assert world.tallied("hurried")[:, 1].sum() == 0
    assert found["hurried"] > found["hurried_gave_up"] > 30
