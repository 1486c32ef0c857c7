"""The twin of complaints: by numbers worked by hand, and against the kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.mechanisms.phases import Phase
from abm.mechanisms.voice.complaint import book_channels
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import complaint, encounter, perceived_value
from tests.reference.by_hand import SEED, assert_counted, effort, listed, per_pair, put, share, visits_with
from tests.reference.closeness import near, near_any
from tests.reference.random_numbers import stream_key

taken = st.floats(0.0, 1.0, width=32)  # by a wait from satisfaction


class TestComplaintByHand:
    p = complaint.EXAMPLE

    def test_probability(self):
        """Hardly dissatisfied: logistic(-1.8) = 0.141851; 0.3 below, full ease, trust 0.9: logistic(1.4) = 0.802184."""
        assert complaint.probability(0.5, 0.0, 0.5, 0.0, self.p) == pytest.approx(0.141851, abs=1e-6)
        assert complaint.probability(0.2, 1.0, 0.9, 0.0, self.p) == pytest.approx(0.802184, abs=1e-6)
        assert complaint.probability(0.2, 1.0, 0.9, -1.4, self.p) == pytest.approx(0.5)

    def test_grievances(self):
        """The failure first; then what took more than the gap of 0.1: of price and wait the worse, or the price."""
        of = {
            (0.5, complaint.ATTITUDE, -0.3, 0.0, -0.1): complaint.NONE,
            (0.4, complaint.ATTITUDE, -0.3, 0.0, -0.1): complaint.ATTITUDE,
            (0.4, complaint.NONE, -0.3, -0.2, -0.1): complaint.PRICE,
            (0.4, complaint.NONE, -0.2, -0.2, -0.1): complaint.PRICE,
            (0.4, complaint.NONE, -0.2, -0.3, -0.1): complaint.WAIT,
            (0.4, complaint.NONE, -0.05, 0.1, -0.1): complaint.CORE,
            (0.4, complaint.NONE, -0.05, 0.1, 0.1): complaint.PRICE,
            (0.4, complaint.NONE, 0.1, 0.0, 0.1): complaint.CORE,
        }
        assert [complaint.grievance(*given, self.p) for given in of] == list(of.values())

    def test_costs(self):
        """Ease of 0.5 and 0.2 at 0.1 cu: 0.1 (0.693147 + 0.223144) = 0.0916291 cu, 916 hundredths of a cent a visit."""
        policy = complaint.Policy((0.5, 0.2, 0.0))
        assert policy.kept(3) == 3 * 916
        assert [policy.hearing(channel) for channel in range(3)] == [300, 200, 100]


TALLIED = {"grievances": 7, "complaints": 7, "complaints_by_channel": 3, "hearing": 1}


@settings(max_examples=examples(25))
@given(
    st.fixed_dictionaries(
        {
            "base": st.floats(-3.0, 3.0, width=32),
            "depth": st.floats(0.0, 8.0, width=32),
            "inclination_spread": st.floats(0.0, 2.0, width=32),
            "counter_part": st.floats(0.0, 0.5, width=32),
            "phone_part": st.floats(0.0, 0.5, width=32),
            "dissatisfied_below": st.floats(0.25, 1.0, width=32),
        }
    ),
    st.tuples(*[st.tuples(effort, effort, effort)] * 2),
    st.tuples(*[st.floats(0.5, 2.0, width=32)] * 2),
    per_pair(st.tuples(share, share)),
    visits_with(st.tuples(share, st.sampled_from((*[complaint.NONE] * 4, *range(7))), taken)),
    st.integers(0, 9),
)
def test_complaints_are_those_of_the_twin(numbers, eases, prices, attitudes, visits, t):
    firms = [
        {"price": price, "voice": dict(zip(("counter_ease", "phone_ease", "online_ease"), ease, strict=True))}
        for price, ease in zip(prices, eases, strict=True)
    ]
    small = Small(3, firms, complaint=numbers, waiting_line={})
    p, key = {**complaint.EXAMPLE, **numbers}, stream_key(SEED, "complaint")
    expectation, trust = np.moveaxis(np.array(attitudes), 2, 0)
    small.c.expectation[:], small.c.trust[:] = expectation, trust
    people = listed(small, visits)
    put(small, performance=[v[2] for v in visits], failure_cause=[v[3] for v in visits])
    small.phases(Phase.JUDGEMENT, t=t)
    put(small, satisfaction_shift_of_perceived_wait=[-v[4] for v in visits])
    small.phases(Phase.VOICE, t=t)
    found = {name: small.at(name) for name in ("transaction", "grievance", "complaint_channel", "handling")}
    expected = {name: np.zeros((rows, 2), int) for name, rows in TALLIED.items()}
    policies = [complaint.Policy(ease) for ease in eases]
    for v, ((i, j, identity, nth), (_, _, performance, failure, by_wait)) in enumerate(
        zip(people, visits, strict=True)
    ):
        value = perceived_value.value(perceived_value.reference(1.0, prices, perceived_value.EXAMPLE), prices[j])
        price_part = perceived_value.satisfaction_shift(value, perceived_value.EXAMPLE)
        wait_part = -by_wait
        gap = performance - expectation[j, i]
        s = encounter.transaction_satisfaction(performance, gap, 0.3, 0.6, price_part)
        inclination, channel = complaint.habits(key, identity, 0, p)
        chance = complaint.probability(s, eases[j][channel], trust[j, i], inclination, p)
        u = complaint.draw(key, identity, t, nth, 0)
        assume(not near(s, p["dissatisfied_below"]) and not near(u, chance))
        assume(not near_any(min(price_part, wait_part), (0.0, gap)) and not near(price_part, wait_part))
        grievance = complaint.grievance(s, failure, price_part, wait_part, gap, p)
        complains = grievance > 0 and u < chance
        expected["grievances"][grievance, j] += grievance > 0
        expected["complaints"][grievance, j] += complains
        expected["complaints_by_channel"][channel, j] += complains
        expected["hearing"][0, j] += complains * policies[j].hearing(channel)
        assert found["transaction"][v] == pytest.approx(s, abs=1e-6)
        of_twin = (grievance, channel if complains else complaint.SILENT, int(complains))
        assert (found["grievance"][v], found["complaint_channel"][v], found["handling"][v]) == of_twin
    assert_counted(small, expected)


@settings(max_examples=examples(20))
@given(st.tuples(effort, effort, effort), st.integers(0, 1000))
def test_channels_cost_what_the_twin_says(ease, visits):
    voice = dict(zip(("counter_ease", "phone_ease", "online_ease"), ease, strict=True))
    small = Small(1, [{"voice": voice}], complaint={})
    small.world.lookup("visits", 0)[0] = visits
    small.run("complaint", book_channels)
    assert_counted(small, {"channels_kept": [complaint.Policy(ease).kept(visits)]})


THRESHOLDS = {"answer_due": 3.0, "solution_due": 7.0}
