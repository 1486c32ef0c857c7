"""The twin of public ratings: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.social import ratings_kernels as kernels
from abm.mechanisms.social.ratings import Ratings
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import ratings
from tests.reference.by_hand import SEED, assert_counted, effort, listed, per_firm, per_pair, put, share, visits_with
from tests.reference.closeness import as_single
from tests.reference.following_mirror import Snapshots, in_tiles, visited
from tests.reference.random_numbers import customer_words, stream_key, uniform
from tests.reference.ratings import COUNTS, EXAMPLE, Board, Policy, Wall

KEY = stream_key(SEED, "ratings")
SHOWN = ("wall_ratings", "wall_stars", "wall_replied")
HELD = ("posts_of", "stars_of_posts", "replies_of")


class TestByHand:
    p: ClassVar[dict[str, Any]] = {**EXAMPLE, "prior": 2000.0, "few": 1000.0}

    def test_chances(self):
        """0.01 in the middle; half of what praise and blame can add; half of the 0.98 that would not."""
        assert [ratings.posting_chance(s, EXAMPLE) for s in (0.6, 0.85, 0.25)] == pytest.approx([0.01, 0.06, 0.11])
        assert ratings.asked_chance(0.02, 0.5) == pytest.approx(0.51)

    def test_stars(self):
        assert [ratings.stars_of(s) for s in (0.0, 0.19, 0.2, 0.79, 0.8, 1.0)] == [1, 1, 2, 4, 5, 5]
        assert ratings.anchored(0.9, 6, 2, 0.5) == pytest.approx(0.7), "3 stars are a satisfaction of a half"
        assert ratings.anchored(0.9, 0, 0, 0.5) == 0.9

    def test_walls(self):
        """2 and 4 stars, the 2 with a reply, among 1 customer: (6 + 1 + 2 * 3.5) / 4 = 3.5; and ln 3."""
        wall = Wall()
        wall.take([(2, True), (4, False)], 2)
        assert wall.shown == (2, 6, 1)
        assert wall.pull(self.p, 1) == pytest.approx(1.1 * np.log(3.0))
        assert wall.found(self.p, 1) == pytest.approx(0.05 * 2 / 3)
        wall.take([], 2)
        wall.take([(5, False)], 2)
        assert wall.shown == (1, 5, 0)
        assert ratings.impression(0, 0, 0, self.p, 0.0) == 3.5
        assert Wall().found(self.p, 1) == 0.0

    def test_costs(self):
        """0.3 ln 2 = 0.207944 cu a visit; 3 ln 4 = 4.158883 cu a bad rating."""
        assert Policy(0.5, 0.75).expense(2, 1) == (4158, 41589)

    def test_measures(self):
        counted = dict(zip(COUNTS, (4, 14, 1, 1, 3, 30, 8, 2), strict=True))
        assert list(ratings.measures(counted, 8).values()) == [3.5, -0.25, 0.5, 4.0]


numbers_drawn = st.fixed_dictionaries(
    {
        **dict.fromkeys(("base", "praising", "scolding", "taken_up", "anchoring"), st.sampled_from([0.0, 1.0]) | share),
        "praised_from": st.floats(0.0, 0.984375, width=32),
        "scolded_below": st.floats(0.015625, 1.0, width=32),
        "bad_upto": st.integers(0, 5),
        "softened": st.floats(0.0, 4.0, width=32),
        "neutral_stars": st.floats(1.0, 5.0, width=32),
        "prior": st.sampled_from([0.0, 1000.0]) | st.floats(0.0, 4000.0, width=32),
        "few": st.floats(1.0, 4000.0, width=32),
        "listing": share,
        "window": st.integers(1, 4),
        "readers": st.sampled_from([0.0, 0.5, 1.0]),
    }
)
policies_drawn = per_firm(st.tuples(st.just(0.0) | effort, st.just(0.0) | effort).map(lambda of: Policy(*of)))
identities_drawn = st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3)


def staged(numbers: dict[str, Any], policies: tuple[Policy, ...], replication: int = 0) -> tuple[Small, Board]:
    """Return a market of three customers and its twin."""
    firms = [{"ratings": {"invite": of.invite, "reply": of.reply}} for of in policies]
    small = Small(3, firms, ratings=numbers)
    small.world.replication = replication
    return small, Board(policies, KEY, {**EXAMPLE, **numbers}, replication)


@settings(max_examples=examples(25))
@given(st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3), share, st.integers(0, 3))
def test_readers_are_those_of_the_twin(identities, readers, replication):
    small, _ = staged({"readers": readers}, (Policy(), Policy()), replication)
    small.c.customer_id[:] = identities
    small.scenario.ratings.begin(small.world, SEED)
    assert small.c.reads.tolist() == [ratings.reads(KEY, who, readers, replication) for who in identities]


def test_she_whose_luck_is_the_share_does_not_read():
    luck = uniform(customer_words(KEY, 1, 0, draw=3, block=0, replication=0)[0])
    small, _ = staged({"readers": luck}, (Policy(),))
    assert not small.c.reads[1]
    assert not ratings.reads(KEY, 1, luck)


@settings(max_examples=examples(100))
@given(numbers_drawn, share, st.integers(0, 9), share)
def test_equations_are_those_of_the_twin(p, s, many, mean):
    single = {name: np.float32(value) for name, value in p.items()}
    marks = ("base", "praising", "scolding", "praised_from", "scolded_below")
    chance = kernels.posting_chance(np.float32(s), *(single[name] for name in marks))
    assert chance == pytest.approx(ratings.posting_chance(s, p), abs=2e-6)
    asked = kernels.asked_chance(chance, single["taken_up"])
    assert asked == pytest.approx(ratings.asked_chance(ratings.posting_chance(s, p), p["taken_up"]), abs=2e-6)
    stars = many + int(4 * many * mean)
    by = kernels.anchored(np.float32(s), stars, many, single["anchoring"])
    assert by == pytest.approx(ratings.anchored(s, stars, many, p["anchoring"]), abs=1e-6)


wall_drawn = st.integers(0, 6).flatmap(lambda many: st.tuples(st.just(many), st.integers(many, 5 * many), st.just(0)))


@settings(max_examples=examples(40))
@given(
    numbers_drawn, policies_drawn, per_firm(wall_drawn), identities_drawn, visits_with(st.tuples(share)),
    st.integers(0, 99), st.integers(0, 3),
)  # fmt: skip
def test_posts_are_those_of_the_twin(numbers, policies, walls, identities, visits, t, replication):
    small, board = staged(numbers, policies, replication)
    board.walls = [Wall(shown) for shown in walls]
    small.c.customer_id[:], small.c.posted[:] = identities, [3, 14, 7]
    for name, column in zip(SHOWN, zip(*walls, strict=True), strict=True):
        small.c[name][:] = column
    people = [(*one, visits[v][2]) for v, one in enumerate(listed(small, visits))]
    put(small, transaction=[s for *_, s in visits])
    codes, counted = board.post(people, 3, t)
    assume(not board.close)
    small.run("ratings", kernels.post_ratings, t)
    assert small.c.posted.tolist() == codes
    assert_counted(small, counted)


code = st.tuples(st.integers(0, 1), st.integers(1, 5), st.booleans()).map(lambda of: 10 * of[0] + of[1] + 5 * of[2])


@settings(max_examples=examples(25))
@given(numbers_drawn, st.lists(st.lists(st.just(0) | code, min_size=3, max_size=3), min_size=1, max_size=9))
def test_walls_are_those_of_the_twin(numbers, periods):
    small, board = staged(numbers, (Policy(), Policy()))
    sizes = np.zeros(2, int)
    for t, codes in enumerate(periods):
        small.c.posted[:] = codes
        small.run("ratings", kernels.renew_wall, t)
        small.run("ratings", kernels.judge_wall, t)
        board.take(codes)
        for name, column in zip(SHOWN, zip(*(wall.shown for wall in board.walls), strict=True), strict=True):
            assert small.c[name].tolist() == list(column), name
        np.testing.assert_allclose(small.c.wall_pull, [wall.pull(board.p, 3) for wall in board.walls], atol=3e-5)
        np.testing.assert_allclose(small.c.wall_found, [wall.found(board.p, 3) for wall in board.walls], rtol=1e-6)
        sizes += [wall.shown[0] for wall in board.walls]
    assert_counted(small, {"wall_size": sizes, "wall_periods": [len(periods)] * 2})


@settings(max_examples=examples(25))
@given(per_firm(st.floats(-9.0, 9.0, width=32)), st.tuples(*[st.booleans()] * 3),
       per_pair(st.sampled_from([0.0, 1.0, 5.0, 300.0])), st.floats(0.0625, 100.0, width=32))  # fmt: skip
def test_terms_are_those_of_the_twin(pulls, readers, encounters, own):
    small, _ = staged({"own_experience": own}, (Policy(), Policy()))
    small.c.wall_pull[:], small.c.reads[:], small.c.encounters[:] = pulls, readers, encounters
    small.passing.utility.fill(0.25)
    small.run("ratings", kernels.read_wall)
    expected = [[0.25 + ratings.term(pulls[j], readers[i], encounters[j][i], own) for i in range(3)] for j in range(2)]
    np.testing.assert_allclose(small.passing.utility[:, :3], expected, rtol=1e-6, atol=1e-6)


@settings(max_examples=examples(25))
@given(per_firm(share), st.tuples(*[st.booleans() | st.just(True)] * 3), per_pair(st.integers(0, 1)),
       identities_drawn, st.integers(0, 99), st.integers(0, 3))  # fmt: skip
def test_finds_are_those_of_the_twin(chances, readers, aware, identities, t, replication):
    """A wall of one rating among 3 is found with a quarter of `listing`, if 1000 of 1000 are few."""
    small, _ = staged({}, (Policy(), Policy()), replication)
    small.c.reads[:], small.c.aware[:], small.c.customer_id[:] = readers, aware, identities
    small.c.wall_found[:] = chances
    small.run("ratings", kernels.find_on_wall, t)
    learned = [0, 0]
    for j, i in np.ndindex(2, 3):
        board = Board((), KEY, {**EXAMPLE, "listing": 2 * chances[j], "few": 1000.0 / 3}, replication,
                      [Wall((1, 3, 0))] * 2)  # fmt: skip
        finds = not aware[j][i] and readers[i] and board.finds(identities[i], j, 3, t)
        assume(not board.close)
        assert small.c.aware[j, i] == (aware[j][i] or finds)
        learned[j] += finds
    assert_counted(small, {"learned": learned})


@settings(max_examples=examples(25))
@given(per_firm(st.tuples(effort, effort, st.floats(0.0, 9.0), st.floats(0.0, 9.0)).map(lambda of: Policy(*of))),
       per_firm(st.integers(0, 999)), per_firm(st.integers(0, 99)))  # fmt: skip
def test_costs_are_those_of_the_twin(policies, visits, bad):
    small = Small(3, [{"ratings": vars(policy)} for policy in policies], ratings={})
    small.world.lookup("visits", 0)[:2], small.world.lookup("bad_posted", 0)[:2] = visits, bad
    small.run("ratings", kernels.book_ratings)
    spent = [policy.expense(*of) for policy, *of in zip(policies, visits, bad, strict=True)]
    assert_counted(small, dict(zip(("invite_spend", "reply_spend"), zip(*spent, strict=True), strict=True)))


YEAR, PERIODS = 10, 36
FIRMS: list[dict[str, Any]] = [
    {"name": "north", "initial_awareness": 0.5, "ratings": {"invite": 0.5, "reply": 0.8, "invite_cost": 0.11}},
    {"name": "east", "service": {"quality": 0.35}, "initial_awareness": 0.7, "ratings": {"reply": 0.4}},
    {"name": "south", "initial_awareness": 0.3, "ratings": {}},
    {"name": "west"},
]
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": 110, "purchase_rate": 1.2},
    "defection": {"exit_rate": 0.02},
    "renewal": {"leaving_rate": 0.4, "every": 7},
    "off": ["word_of_mouth"],
    "firms": FIRMS,
    "ratings": {"window": 5, "base": 0.1, "praising": 0.4, "scolding": 0.6, "anchoring": 0.3, "bad_upto": 3,
                "listing": 0.4, "few": 80.0, "readers": 0.7},
}  # fmt: skip
CHANGES = [
    {"name": "none", "from": 11, "until": 18, "set": {
        **{f"firms.{name}.ratings.reply": 0.0 for name in ("north", "east")}, "firms.north.ratings.invite": 0.0}},
    {"name": "loud", "from": 14, "set": {"ratings.base": 0.3, "firms.south.ratings.invite": 0.9}},
    {"name": "many", "from": 21, "set": {"ratings.few": 20.0, "firms.south.ratings.invite_cost": 1.0}},
]  # fmt: skip


class Followed:
    """A market and its walls, period by period."""

    def __init__(self, scenario: Scenario, seed: int, replication: int) -> None:
        self.stretches = dict(scenario.stretches())
        self.engine = Engine(scenario.adding(Snapshots()), seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.board = Board([], stream_key(seed, "ratings"), {}, replication, [Wall() for _ in FIRMS])
        self.sums = [dict.fromkeys((*COUNTS, "visits"), 0) for _ in FIRMS]

    def run(self, t: int) -> None:
        """Run a period of both, and compare readers, posts, walls, who learns of firms, counts and costs."""
        board, c, n = self.board, self.c, self.world.n
        if t in self.stretches:
            held = self.stretches[t]
            board.p = {name: getattr(held.ratings, name) for name in EXAMPLE}
            board.p = {k: as_single(v) if isinstance(v, float) else v for k, v in board.p.items()}
            board.policies = [Policy(**{k: getattr(f.ratings, k) for k in vars(Policy())}) for f in held.firms]
        self.engine.run(1)
        identities = c.customer_id.tolist()
        assert c.reads.tolist() == [ratings.reads(board.key, i, board.p["readers"], board.replication)
                                    for i in identities]  # fmt: skip
        visits = visited(self.engine, "visit_customer", "visit_firm", "visit_nth", "transaction")
        codes, counted = board.post([(i, j, identities[i], nth, s) for i, j, nth, s in visits], n, t)
        board.take(codes)
        before = Snapshots.at[Phase.HEARING]["aware"]
        finds = np.array([
            [not before[j, i] and c.reads[i] and board.finds(identities[i], j, n, t) for i in range(n)]
            for j in range(len(FIRMS))
        ])  # fmt: skip
        assert not board.close, t
        assert c.posted.tolist() == codes, t
        np.testing.assert_array_equal(c.aware, before | finds)
        shown = [wall.shown for wall in board.walls]
        for name, column in zip(SHOWN, zip(*shown, strict=True), strict=True):
            assert c[name].tolist() == list(column), (name, t)
        came = np.bincount([j for _, j, *_ in visits], minlength=len(FIRMS)).tolist()
        spent = [policy.expense(*of) for policy, *of in zip(board.policies, came, counted["bad_posted"], strict=True)]
        counted |= {"wall_size": [ratings for ratings, *_ in shown], "wall_periods": [1] * len(FIRMS)}
        counted |= dict(zip(("invite_spend", "reply_spend"), map(list, zip(*spent, strict=True)), strict=True))
        for name, of in {**counted, "learned": finds.sum(axis=1).tolist()}.items():
            assert self.world.history[t, self.world.rows[name]].tolist() == [*of, 0], (name, t)
        for j, sums in enumerate(self.sums):
            for name in COUNTS:
                sums[name] += counted[name][j]
            sums["visits"] += came[j]


def test_a_whole_market_is_that_of_the_twin():
    """With newcomers, a time without requests and replies, and other parameters from a date on."""
    scenario = Scenario.parse({**MARKET, "changes": CHANGES})
    followed = Followed(scenario, seed=5, replication=2)
    for t in range(PERIODS):
        followed.run(t)
    world = followed.world
    assert (world.customers.customer_id >= world.n).any()
    names = (*COUNTS, "invite_spend", "reply_spend")
    assert min(int(world.tallied(name).sum()) for name in (*names, "learned")) > 0
    counts = {name: world.tallied(name).sum(axis=0) for name in (*COUNTS, "visits")}
    found = {kpi.name: kpi(Tallied(counts, YEAR, PERIODS)) for kpi in Ratings.kpis}
    for j, sums in enumerate(followed.sums):
        expected = ratings.measures(sums, sums["visits"])
        assert {name: values[j] for name, values in found.items()} == pytest.approx(expected, nan_ok=True)
    in_tiles(scenario, world, seed=5, names=names, columns=("posted", *SHOWN, "wall_pull", "reads"))
