"""The twins of rules that do not weigh everything, against their kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.mechanisms.choice.rules import (
    drawn_aspect,
    eliminate_by_aspects,
    good_enough,
    pick_running,
    settle_for_enough,
    still_running,
)
from abm.mechanisms.sums import UNCONSIDERED
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import choice
from tests.reference.by_hand import SEED
from tests.reference.closeness import as_single
from tests.reference.random_numbers import customer_words, stream_key, uniform

N, M = 4, 5
luck = st.integers(0, 2**23 - 1).map(lambda k: (k + 0.5) * 2.0**-23)
eighths = st.integers(0, 8).map(lambda k: k / 8)
weight = st.sampled_from([0.0, 0.0, 0.125, 0.25, 1.0, 4.0])
weights_of = st.tuples(weight, weight, weight, weight, weight)


def pairs(values):
    """Draw a value for each firm and customer."""
    return st.lists(st.lists(values, min_size=N, max_size=N), min_size=M, max_size=M)


def bits(places):
    """Return places as bits."""
    return np.int64(sum(1 << k for k in places))


def places(found):
    """Return bits as places."""
    return [k for k in range(64) if int(found) >> k & 1]


def ready(rule, numbers, aware, visits):
    """Return a small world with visits under a rule, and which firms are considered."""
    small = Small(N, [{}] * M, choice={"rule": rule, **numbers})
    small.visits([i for i, *_ in visits], [j for _, j, *_ in visits], [j for _, _, j, *_ in visits])
    return small, [[bool(aware[j][i]) for i in range(N)] for j in range(M)]


@given(st.sets(st.integers(0, M - 1)), luck)
def test_who_is_picked_of_those_in_the_running(running, u):
    assert pick_running(bits(running), np.float32(u), M) == choice.pick_running(sorted(running), u)


def test_a_luck_that_float32_rounds_up_picks_the_last():
    """The largest uniform times 63 of 64 firms is less than 63 by far; 1 would be one too many."""
    everybody = list(range(63))
    for u in (1.0 - 2.0**-24, 1.0):
        assert pick_running(bits(everybody), np.float32(u), 63) == choice.pick_running(everybody, u) == 62


@given(eighths, st.floats(-2.0, 2.0, width=32), eighths, st.sampled_from([-2.0, 0.0, 1.0]))
def test_what_is_good_enough(attracted, utility, aspiration, outside):
    found = good_enough(*(np.float32(x) for x in (attracted, utility, aspiration, outside)))
    assert bool(found) == bool(choice.content_with([utility], outside, [attracted], aspiration))


@given(luck, st.sets(st.integers(0, 4)), weights_of)
def test_which_aspect_is_drawn(u, drawn, weights):
    found = drawn_aspect(np.float32(u), bits(drawn), *(np.float32(w) for w in weights))
    assert found == choice.drawn_aspect(u, sorted(drawn), weights)


@given(st.sets(st.integers(0, M - 1), min_size=1), pairs(eighths), eighths)
def test_who_stays_in_the_running(running, terms, shortfall):
    found = still_running(bits(running), np.float32(shortfall), np.array(terms, np.float32), 2)
    assert places(found) == choice.still_running(sorted(running), [of[2] for of in terms], shortfall)


of_visits = st.lists(
    st.tuples(st.integers(0, N - 1), st.integers(-1, M - 1), st.integers(-1, M - 1), luck), min_size=1, max_size=10
).map(lambda visits: sorted(visits, key=lambda one: one[0]))
known = st.sampled_from([True, True, True, False])


@settings(max_examples=examples(40))
@given(
    eighths, st.sampled_from([-2.0, 0.0, 0.5]), pairs(eighths), pairs(eighths), pairs(st.integers(0, 2)), pairs(known),
    pairs(st.integers(-4, 4).map(lambda k: k / 4)), of_visits,
)  # fmt: skip
def test_who_is_content_is_the_one_of_the_twin(
    aspiration, outside, satisfaction, expectation, encounters, aware, worth, visits
):
    small, considered = ready("satisfice", {"aspiration": aspiration, "outside": outside}, aware, visits)
    c = small.c
    c.satisfaction[:], c.expectation[:], c.encounters[:] = satisfaction, expectation, encounters
    c.satisfaction[c.encounters == 0] = np.nan  # nothing is known of a firm before first use
    small.passing.utility[:, :N] = np.where(considered, worth, UNCONSIDERED)
    small.at("visit_luck")[1] = [of[3] for of in visits]
    small.run("choice", settle_for_enough)
    for v, (i, drawn, provider, u) in enumerate(visits):
        utilities = [worth[j][i] if considered[j][i] else None for j in range(M)]
        attracted = [choice.attraction(satisfaction[j][i], expectation[j][i], encounters[j][i]) for j in range(M)]
        enough = choice.content_with(utilities, outside, attracted, aspiration)
        firm, _ = choice.satisfice(
            utilities, outside, provider, attracted=attracted, aspiration=aspiration, u=0.5, again=u
        )
        assert small.at("visit_firm")[v] == (firm if enough else drawn)


TERMS = ("choice", "pricing", "trust", "taste", "convenience")


@settings(max_examples=examples(60))
@given(
    weights_of, st.sampled_from([0.0, 0.125, 0.5, 2.0]), st.tuples(*[pairs(eighths)] * 5), pairs(known),
    of_visits, st.permutations(range(2, 2 + N)), st.integers(0, 9),
)  # fmt: skip
def test_elimination_is_that_of_the_twin(weights, shortfall, terms, aware, visits, identities, t):
    numbers = dict(zip((f"{aspect}_aspect" for aspect in choice.ASPECTS), weights, strict=True))
    small, considered = ready("eba", {**numbers, "shortfall": shortfall}, aware, visits)
    small.c.customer_id[:] = identities
    small.passing.utility[:, :N] = np.where(considered, 1.0, UNCONSIDERED)
    for theory, of in zip(TERMS, terms, strict=True):
        small.passing[f"utility_of_{theory}"][:, :N] = of
    small.at("visit_luck")[1] = [of[3] for of in visits]
    visits = [(i, j if j < 0 or considered[j][i] else -1, k, u) for i, j, k, u in visits]
    small.at("visit_firm")[:] = [of[1] for of in visits]
    small.run("choice", eliminate_by_aspects, t)
    key = stream_key(SEED, "choice")
    for v, (i, drawn, _, u) in enumerate(visits):
        words = customer_words(key, identities[i], t, draw=1, block=int(small.at("visit_nth")[v]), replication=0)
        seen = choice.Comparison((), [[row[i] for row in of] for of in terms], [uniform(word) for word in words])
        weighed = [j for j in range(M) if considered[j][i]]
        left = choice.eliminate(weighed, seen, weights, shortfall)
        assert small.at("visit_firm")[v] == (choice.pick_running(left, u) if drawn >= 0 else -1)


@pytest.mark.parametrize("shortfall", [0.1, 0.3])
def test_a_firm_is_not_dropped_for_what_float32_rounds(shortfall):
    """A term that lies exactly the shortfall below the best stays in."""
    best = np.float32(1.0)
    terms = np.array([[best], [best - np.float32(shortfall)]], np.float32)
    assert places(still_running(bits([0, 1]), np.float32(shortfall), terms, 0)) == choice.still_running(
        [0, 1], [1.0, 1.0 - as_single(shortfall)], as_single(shortfall)
    )
