"""Awareness: whose firms can be heard of, and how a firm becomes known."""

from __future__ import annotations

import numpy as np
import pytest

from abm.mechanisms.social.awareness import learn_of_firms, note_patronage
from tests.mechanisms.small import Small

ACTIVE, DORMANT, LOST, WON_BACK = 1, 2, 3, 4
SETTINGS = {
    "discovery": 0.005, "weak_tie": 0.01, "strong_tie": 0.04, "referral_match": 0.05, "referral_expectation": 0.05,
}  # fmt: skip


def test_users_are_noted_for_firms_that_somebody_may_have_to_hear_of():
    small = Small(4, [{"initial_awareness": 0.5}, {}, {"initial_awareness": 0.5}])
    small.c.relation[0] = [ACTIVE, DORMANT, WON_BACK, LOST]
    small.c.relation[1] = ACTIVE
    small.c.relation[2] = [0, ACTIVE, ACTIVE, 0]
    small.c.patronage.fill(0b101)
    small.run("word_of_mouth", note_patronage)
    assert small.c.patronage.tolist() == [0b001, 0b100, 0b101, 0]


class TestBecomingKnown:
    def ignorant(self, ties, customers, **settings):
        """Return a world in which nobody knows firm 0, and its bits of patronage."""
        firms = [{"initial_awareness": 0.0}, {}]
        small = Small(customers, firms, word_of_mouth={**SETTINGS, **settings}).tie(ties)
        assert not small.c.aware[0].any()
        small.c.match.fill(0.0)
        return small

    def test_the_formula(self):
        """1 - 0.9 * 0.8 * 0.6 = 0.568 beside a weakly and a strongly tied user; 0.1 by herself alone."""
        people, beside = 1000, []
        for i in range(0, people, 5):  # fives: a user tied strongly and one weakly to the first, who may learn
            beside += [(i, i + 1, 1.0), (i, i + 2, 0.3)]
        small = self.ignorant(beside, people, discovery=0.1, weak_tie=0.2, strong_tie=0.4)
        for k in (1, 2):
            small.c.patronage[k::5] = 1
        learned = {0: 0, 3: 0}
        for t in range(25):
            small.c.aware[0] = 0
            small.run("word_of_mouth", learn_of_firms, t)
            for place in learned:
                learned[place] += int(small.c.aware[0, place::5].sum())
        for place, p in ((0, 0.568), (3, 0.1)):
            assert abs(learned[place] / 5000 - p) < 4 * np.sqrt(p * (1 - p) / 5000)

    def test_through_a_tie_she_fits_better_and_expects_more(self):
        small = self.ignorant([(0, 1, 1.0)], 3, discovery=0.0, strong_tie=1.0)
        small.c.patronage[1] = 1
        before = small.c.expectation.copy()
        small.run("word_of_mouth", learn_of_firms)
        assert small.c.aware[0].tolist() == [1, 0, 0]
        assert small.c.match[0].tolist() == pytest.approx([0.05, 0, 0])
        np.testing.assert_allclose(small.c.expectation[0] - before[0], [0.05, 0, 0], atol=1e-6)
        assert (small.counted("learned"), small.counted("referred")) == ([1, 0, 0], [1, 0, 0])

    def test_by_herself_she_does_not(self):
        small = self.ignorant([], 5, discovery=1.0)
        small.run("word_of_mouth", learn_of_firms)
        assert small.c.aware[0].all()
        assert np.all(small.c.match == 0)
        assert (small.counted("learned"), small.counted("referred")) == ([5, 0, 0], [0, 0, 0])

    def test_nobody_learns_from_nobody(self):
        small = self.ignorant([(0, 1, 1.0)], 200, discovery=0.0, strong_tie=1.0, weak_tie=1.0)
        small.run("word_of_mouth", learn_of_firms)
        assert not small.c.aware[0].any()

    def test_expectation_never_passes_1(self):
        small = self.ignorant([(0, 1, 1.0)], 2, discovery=0.0, strong_tie=1.0, referral_expectation=0.5)
        small.c.patronage[1] = 1
        small.c.expectation.fill(0.9)
        small.run("word_of_mouth", learn_of_firms)
        assert small.c.expectation[0, 0] == 1.0
