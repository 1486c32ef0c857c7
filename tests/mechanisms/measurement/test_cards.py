"""Cards: counted by hand, and with the programmes of a market."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import read
from abm.mechanisms.measurement.cards import cards_of_members, cards_per_member, count_cards, sole_card_share
from abm.scenario.scenario import Scenario

KPIS = (cards_per_member, cards_of_members, sole_card_share)


def counted(members, programmes):
    """Return who holds a card, cards held by members of each firm, and members who hold no other."""
    found = np.zeros((3, len(programmes) + 1), np.int64)
    cards, members = np.full(len(members[0]), 9), np.array(members, np.uint8)
    count_cards(cards, members, np.array(programmes, np.int32), *found, 0, cards.size)
    return found


def market(*clubs):
    firms = [{"name": f"f{j}", **({"program": {"preset": "points"}} if club else {})} for j, club in enumerate(clubs)]
    population = {"customers": 400, "purchase_rate": 0.5}
    return Scenario.parse({"periods": 60, "population": population, "cards": {}, "firms": firms})


def test_by_hand():
    """Four customers: in both programmes, in the first, in the second, in none."""
    holders, held, sole = counted([[1, 1, 0, 0], [1, 0, 1, 0]], [1, 1])
    assert holders.tolist() == [0, 0, 3]
    assert held.tolist() == [3, 3, 0]
    assert sole.tolist() == [1, 1, 0]


def test_a_card_of_a_programme_that_is_no_more_is_none():
    holders, held, sole = counted([[1, 1, 0], [1, 0, 1]], [1, 0])
    assert (holders[2], held.tolist(), sole.tolist()) == (2, [2, 0, 0], [2, 0, 0])


@given(st.lists(st.lists(st.integers(0, 1), min_size=5, max_size=5), min_size=1, max_size=6))
def test_sole_members_hold_one_card_and_others_more(members):
    holders, held, sole = counted(members, [1] * len(members))
    own = np.array(members).sum(axis=1)
    assert (held[:-1] >= 2 * own - sole[:-1]).all()
    assert holders[-1] == (np.array(members).sum(axis=0) > 0).sum()
    assert sole.sum() <= holders[-1]


@pytest.mark.parametrize(("clubs", "least", "most"), [((1, 0, 0), 1, 1), ((1, 1, 0), 1.05, 2), ((1, 1, 1), 1.1, 3)])
def test_cards_in_a_market(clubs, least, most):
    engine = Engine(market(*clubs), 1)
    engine.run(60)
    found = read(engine).summary(KPIS)
    assert least <= found[0, 0] <= most
    assert (found[:, 0] == found[0, 0]).all(), "the market's, so the same for every firm"
    assert found[0, 1] >= found[0, 0] - 1e-12, "who is in one programme by this count may be in more"
    assert np.isnan(found[2, 1]) == (not clubs[2])
    assert 0.0 <= found[0, 2] <= 1.0


def test_without_programmes_there_is_nothing_to_say():
    engine = Engine(market(0, 0), 1)
    engine.run(60)
    assert np.isnan(read(engine).summary(KPIS)).all()


def test_the_kernel_is_what_it_says():
    check_kernels(market(1, 1, 0))
