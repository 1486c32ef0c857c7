"""Scripts of papers on diffusion and talk, at a small size and with other values."""

from __future__ import annotations

import pytest

import abm
from abm.core.errors import Refusal

pytestmark = pytest.mark.slow


def ours(name, *sets):
    """Return what a paper's claims come to, by claim."""
    return abm.replicate(name, sets).set_index("claim").ours


def test_opinions_of_a_club_are_exact():
    """Closed forms without luck; a greater weight on oneself slows agreement, and ties count for less."""
    table = abm.replicate("degroot_1974", ["replications=1"])
    assert list(table.verdict) == ["reproduced"] * 5 + ["direction only"]
    found = ours("degroot_1974", "opinion.self_weight=5", "replications=1", "paper.customers=200")
    degrees = {"first": 16, "last": 17}  # of the club
    for who, degree in degrees.items():
        assert found[f"what the {who} of the club counts in the end"] == pytest.approx((5 + degree) / (5 * 34 + 156))
    assert found["what is left of disagreement from a period to the next"] > 0.9


def test_more_first_adopters_make_the_jump():
    """Above the jump, 2 % instead of .5 %, nearly all follow; who needs half of her neighbours hardly ever does."""
    small = ("population.customers=4000", "replications=2", "periods=60")
    more = (*small, "paper.first=[0.01, 0.005, 0.005, 0.01, 0.001, 0.02, 0.005, 0.02]")
    assert ours("gleeson_cahalane_2007", *more)["7 ties: .5 % first adopters less .1 %"] > 0.9
    lazy = ours("gleeson_cahalane_2007", *more, "adoption.threshold=0.5")
    assert lazy["7 ties: .5 % first adopters less .1 %"] < 0.1


def test_a_small_market_of_another_program():
    """With no talk but advertising, 1 - .99^t have adopted, whoever meets whom."""
    found = ours("onggo_foramitti_2021", "adoption.imitation=0", "replications=40")
    for step in (10, 50, 150):
        assert found[f"adopters after {step} steps"] == pytest.approx(1000 * (1 - 0.99**step), abs=8)


def test_seeds_expand_only_where_there_is_a_rival():
    small = ("replications=3", "population.customers=300", "paper.seeds=6", "periods=600")
    found = ours("libai_muller_peres_2013", *small)
    assert found["social value of a seed, where least of all networks"] > 0
    assert found["share of expansion without a rival"] < 0.05
    assert found["share of expansion with a rival less without"] > 0.2


@pytest.mark.parametrize("name", ["bass_1969", "fibich_gibori_2010", "onggo_foramitti_2021"])
def test_a_run_that_ends_before_what_is_claimed_is_refused(name):
    with pytest.raises(Refusal, match="periods = 104 ends before"):
        abm.replicate(name, ["periods=104"])
