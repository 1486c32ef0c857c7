"""Word of mouth: who tells, and how far a story moves whom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.mechanisms.social.hearing import credulity, headroom, hear
from abm.mechanisms.social.word_of_mouth import fade, tell, telling_probability
from tests.mechanisms.small import Small

share = st.floats(0, 1, width=32)
SETTINGS = {
    "base": 0.01, "delight": 0.12, "disappointment": 0.35, "devotion": 0.0, "praise_from": 0.6, "contact_rate": 0.25,
    "decay": 0.85, "praise": 0.25, "blame": 0.3, "nudge": 0.05, "good_target": 0.95, "bad_target": 0.15,
    "discovery": 0.005, "weak_tie": 0.01, "strong_tie": 0.04, "referral_match": 0.05, "referral_expectation": 0.05,
    "disappointed_below": 0.5, "own_brand_part": 0.25, "own_experience": 8.0,
}  # fmt: skip


def telling(transaction, commitment=0.0, devotion=0.0):
    """Return the equation's value for plain numbers."""
    numbers = (transaction, commitment, 0.01, 0.12, 0.35, devotion, 0.7, 0.5)
    return float(telling_probability(*(np.float32(x) for x in numbers)))


def room(preference, good, own=False):
    """Return the headroom for a plain number."""
    return float(headroom(np.float32(preference), good, own, *(np.float32(x) for x in (0.1, 0.7, 0.5, 0.25))))


def tied(customers, ties, firms=({}, {}), **settings):
    """Return a small world whose ties are these (i, k, weight)."""
    return Small(customers, firms, word_of_mouth={**SETTINGS, **settings}).tie(ties)


def listen(small, t=0):
    """Let what was heard before fade, and the stories of the period be heard."""
    small.run("word_of_mouth", fade, t)
    small.run("word_of_mouth", hear, t)


def story(firm, good):
    """Return how a story is written into the column."""
    return 2 * (firm + 1) + good


class TestTelling:
    def test_by_hand(self):
        """Half of delight 0.01 + 0.06, half of anger 0.01 + 0.175, in between 0.01, devoted 0.1 more."""
        found = [telling(s) for s in (0.85, 0.25, 0.6, 1.0, 0.0)]
        assert found == pytest.approx([0.07, 0.185, 0.01, 0.13, 0.36])
        assert telling(0.6, commitment=0.5, devotion=0.2) == pytest.approx(0.11)

    def test_it_is_a_u_that_is_flat_between_a_half_and_seven_tenths(self):
        s = np.linspace(0.0, 1.0, 201)
        p = np.array([telling(x) for x in s])
        flat = (s >= 0.5) & (s <= 0.7)
        np.testing.assert_allclose(p[flat], 0.01, rtol=1e-4)
        assert np.all(np.diff(p[s <= 0.5]) < 0)
        assert np.all(np.diff(p[s >= 0.7]) > 0)
        assert p[0] > p[-1]  # bad news travels further

    def test_telling_has_its_probability_and_stories_are_counted_and_kept(self):
        """1000 delighted and 1000 angry visits a period, within four standard errors."""
        small = Small(1000, word_of_mouth=SETTINGS)
        customers = np.repeat(np.arange(500), 2)
        small.visits(customers, np.tile([0, 1], 500))
        small.passing.transaction[:1000] = np.tile([0.85, 0.25], 500)
        for t in range(20):
            small.run("word_of_mouth", tell, t)
        for told, p in (("positive_messages", 0.07), ("negative_messages", 0.185)):
            assert abs(sum(small.counted(told)) / 10_000 - p) < 4 * np.sqrt(p * (1 - p) / 10_000)
        assert small.counted("positive_messages")[1:] == [0, 0]
        assert small.counted("negative_messages")[0] == 0

    def test_the_latest_story_is_passed_on_and_all_are_counted(self):
        small = Small(3, word_of_mouth={**SETTINGS, "base": 1.0})
        small.visits([0, 0], [0, 1])
        small.passing.transaction[:2] = [0.6, 0.59]
        small.c.story.fill(9)
        small.run("word_of_mouth", tell)
        assert small.c.story.tolist() == [story(1, 0), 0, 0]  # last period's are forgotten
        assert small.counted("positive_messages") == [1, 0, 0]
        assert small.counted("negative_messages") == [0, 1, 0]


class TestHearing:
    def test_headroom_by_hand(self):
        """What preference can still gain, or lose; half of it against a settled preference."""
        assert [room(p, True) for p in (0.3, 0.05, 0.1)] == pytest.approx([0.7, 0.475, 0.9])
        assert [room(p, False) for p in (0.5, 0.8, 0.7)] == pytest.approx([0.5, 0.4, 0.7])

    def test_what_is_bad_of_her_own_provider_is_believed_less(self):
        """A quarter of 0.5 and of 0.4; praise of it counts as any other."""
        assert [room(p, False, own=True) for p in (0.5, 0.8)] == pytest.approx([0.125, 0.1])
        assert [room(p, True, own=True) for p in (0.3, 0.05)] == [room(p, True) for p in (0.3, 0.05)]

    @given(share, st.booleans(), st.booleans())
    def test_headroom_stays_between_0_and_1(self, preference, good, own):
        assert 0.0 <= room(preference, good, own) <= room(preference, good) <= 1.0

    def test_credulity_by_hand(self):
        """All of it without a visit, half after 8, a quarter after 24."""
        found = [float(credulity(np.float32(n), np.float32(8.0))) for n in (0, 8, 24)]
        assert found == pytest.approx([1.0, 0.5, 0.25])

    def test_who_has_been_there_is_moved_less(self):
        """After eight visits half of 0.25 * 0.5, and half of 0.05 * 0.25; all of it counted the same before."""
        small = tied(2, [(0, 1, 1.0)], contact_rate=1.0)
        small.c.story[0], small.c.encounters[0, 1] = story(0, 1), 8
        small.c.expectation.fill(0.7)
        small.run("word_of_mouth", hear)
        assert small.c.word_of_mouth[0, 1] == pytest.approx(0.0625)
        assert small.c.expectation[0, 1] == pytest.approx(0.70625)

    def test_blame_of_the_own_provider_moves_the_stock_less_and_the_expectation_as_much(self):
        """- 0.3 * 0.5 of another firm, a quarter of that of her own; both had the same weight."""
        small = tied(3, [(0, 1, 1.0), (0, 2, 1.0)], contact_rate=1.0)
        small.c.story[0], small.c.provider[:] = story(0, 0), [-1, 0, 1]
        small.c.expectation.fill(0.7)
        small.run("word_of_mouth", hear)
        assert small.c.word_of_mouth[0].tolist() == pytest.approx([0.0, -0.0375, -0.15])
        assert small.c.expectation[0].tolist() == pytest.approx([0.7, 0.6725, 0.6725])

    @pytest.mark.parametrize("good", [0, 1])
    def test_a_story_makes_its_firm_known_once(self, good):
        """Two stories of a firm that she does not know: she learns of it at the first; she used to stay ignorant."""
        small = tied(3, [(0, 2, 1.0), (1, 2, 1.0)], ({"initial_awareness": 0.0}, {}), contact_rate=1.0)
        small.c.story[:2] = story(0, good)
        small.run("word_of_mouth", hear)
        assert small.c.aware.tolist() == [[0, 0, 1], [1, 1, 1]]
        assert small.counted("heard") == [2, 0, 0]
        assert (small.counted("learned"), small.counted("referred")) == ([1, 0, 0], [1, 0, 0])

    def test_a_story_by_hand(self):
        """Weak tie 0.3: 0.85 + 0.25 * 0.3 * 0.7 and 0.7 + 0.05 * 0.25; strong: - 0.3 * 0.5 and 0.7 - 0.05 * 0.55."""
        small = tied(3, [(0, 1, 0.3), (1, 2, 1.0)], contact_rate=1.0, decay=0.85)
        small.c.preference[:, 1] = [0.3, 0.5]
        small.c.word_of_mouth.fill(1.0)
        small.c.expectation.fill(0.7)
        small.c.story[:] = [story(0, 1), 0, story(1, 0)]
        reached = 0
        for t in range(40):  # the weak tie lets 3 in 10 through; take the first period in which it did
            before = small.counted("heard")[0]
            small.c.word_of_mouth.fill(1.0)
            small.c.expectation.fill(0.7)
            listen(small, t)
            if small.counted("heard")[0] > before:
                reached += 1
                assert small.c.word_of_mouth[:, 1] == pytest.approx([0.85 + 0.25 * 0.3 * 0.7, 0.85 - 0.3 * 0.5])
                assert small.c.expectation[:, 1] == pytest.approx([0.7125, 0.6725])
        assert 0 < reached < 40
        assert small.counted("heard")[1] == 40
        np.testing.assert_allclose(small.c.word_of_mouth[:, [0, 2]], 0.85)

    def test_a_story_arrives_at_the_contact_rate_times_the_weight(self):
        """A star: one tells, a thousand may hear; within four standard errors for both weights."""
        leaves = 500
        ties = [(0, k, 1.0 if k <= leaves else 0.3) for k in range(1, 2 * leaves + 1)]
        small = tied(2 * leaves + 1, ties, contact_rate=0.4)
        small.c.story[0] = story(0, 1)
        hits = np.zeros(2 * leaves + 1)
        for t in range(20):
            small.c.word_of_mouth.fill(0.0)
            small.run("word_of_mouth", hear, t)
            hits += small.c.word_of_mouth[0] > 0
        assert hits[0] == 0
        for got, p in ((hits[1 : leaves + 1], 0.4), (hits[leaves + 1 :], 0.12)):
            assert abs(got.sum() / (20 * leaves) - p) < 4 * np.sqrt(p * (1 - p) / (20 * leaves))

    @given(st.integers(0, 20))
    def test_several_stories_add_up_tie_by_tie_and_the_stock_stays_in_reach(self, t):
        """At most the stock of a lifetime: praise of all neighbours each period, faded."""
        small = tied(5, [(0, k, 1.0) for k in range(1, 5)], contact_rate=1.0, decay=0.5)
        small.c.story[1:] = story(0, 1)
        for _ in range(t):
            listen(small, t)
        assert 0.0 <= small.c.word_of_mouth[0, 0] <= 4 * 0.25 / 0.5
        assert small.c.expectation.max() <= np.float32(0.95)

    def test_without_stories_the_stock_fades_and_nothing_else_moves(self):
        small = tied(4, [(0, 1, 1.0)], decay=0.5)
        small.c.word_of_mouth.fill(-2.0)
        before = small.c.expectation.copy()
        listen(small)
        assert np.all(small.c.word_of_mouth == -1.0)
        np.testing.assert_array_equal(small.c.expectation, before)

    @pytest.mark.parametrize(("first", "second", "expected"), [(1, 0, 0.4875), (0, 1, 0.6875)])
    def test_a_hearer_gets_her_stories_in_the_order_of_their_tellers(self, first, second, expected):
        """Praise, then blame: 0.7 + 0.5 * 0.25, of which - 0.5 * 0.675 is left; the other way round 0.425 + 0.2625."""
        tellers, hearers = (1, 4), (0, 3, 5)
        ties = [(i, k, 1.0) for i in tellers for k in hearers]
        small = tied(6, ties, contact_rate=1.0, nudge=0.5)
        small.c.story[list(tellers)] = [story(0, first), story(0, second)]
        small.c.expectation.fill(0.7)
        listen(small)
        assert small.c.expectation[0].tolist() == pytest.approx([expected, 0.7, 0.7, expected, 0.7, expected])
        assert small.counted("heard") == [6, 0, 0]

    @pytest.mark.parametrize("cut", [0, 1, 23, 40, 59, 60])
    def test_two_shares_hear_what_one_hears_to_the_bit(self, cut):
        """Sixty people, most with a story, tied at random: rows 0..cut and cut..60, or all at once."""
        luck = np.random.default_rng(5)
        ties = [(i, k, 1.0 if (i + k) % 2 else 0.3) for i in range(60) for k in range(i) if luck.random() < 0.2]
        whole, parts = (tied(60, ties, contact_rate=0.8) for _ in range(2))
        for name in ("preference", "word_of_mouth", "expectation"):
            whole.c[name][:] = luck.uniform(0.05, 0.95, (2, 60))
            parts.c[name][:] = whole.c[name]
        whole.c.story[:] = luck.choice([0, story(0, 0), story(0, 1), story(1, 0), story(1, 1)], 60)
        parts.c.story[:] = whole.c.story
        before = whole.c.word_of_mouth.copy()
        call = parts.bound("word_of_mouth", hear)
        for t in range(3):
            whole.run("word_of_mouth", hear, t)
            for lo, hi in ((0, cut), (cut, 60)):
                call(lo, hi, t)
        for name in ("word_of_mouth", "expectation"):
            np.testing.assert_array_equal(whole.c[name], parts.c[name], err_msg=name)
        assert whole.counted("heard") == parts.counted("heard")
        assert np.all((whole.c.word_of_mouth != before).any(axis=0))  # everybody heard something


class TestFading:
    def test_less_than_nothing_is_nothing(self):
        """Half of 2.2e-20 stays, half of 1.8e-20 is gone, whatever the sign."""
        small = tied(4, [], decay=0.5)
        small.c.word_of_mouth[:] = [[2.2e-20, -2.2e-20, 1.8e-20, -1.8e-20], [0.0, 1.0, 1e-30, -1e-42]]
        small.run("word_of_mouth", fade)
        assert small.c.word_of_mouth[0].tolist() == pytest.approx([1.1e-20, -1.1e-20, 0.0, 0.0], rel=1e-6, abs=0.0)
        assert small.c.word_of_mouth[1].tolist() == [0.0, 0.5, 0.0, 0.0]

    def test_a_stock_ends_after_as_many_periods_as_the_factor_says(self):
        """0.85^283 is 1.06e-20 and 0.85^284 less than 1e-20."""
        small = tied(2, [], decay=0.85)
        small.c.word_of_mouth[:] = [[1.0, -1.0], [1.0, -1.0]]
        for t in range(283):
            small.run("word_of_mouth", fade, t)
        assert np.abs(small.c.word_of_mouth) == pytest.approx(0.85**283, rel=1e-4, abs=0.0)
        small.run("word_of_mouth", fade, 283)
        assert not small.c.word_of_mouth.any()
