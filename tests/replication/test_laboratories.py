"""What papers' own scripts do outside a market, by hand; and settings that cannot be used, which they refuse."""

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.replication.paper import folder_of_papers, read_paper
from abm.study.provenance.code_files import CodeFile

PAPERS = folder_of_papers()
SMALL = {
    "gupta_lehmann_2003": ("periods=3", "population.customers=10"),
    "reichheld_sasser_1990": ("periods=3", "population.customers=10"),
    "bijmolt_van_heerde_pieters_2005": ("population.customers=10",),
    "kivetz_urminsky_zheng_2006": ("population.customers=50", "paper.placebo.gradient=0.0"),
}


def script(name):
    return CodeFile.read(PAPERS / name / "replicate.py").module()


def test_customers_on_a_line_by_hand():
    """Four customers; the rewards hold those in the middle, and one comes from B to A."""
    lim = script("lim_lee_2015")
    line = lim.Line(np.array([0.1, 0.4, 0.6, 0.9]), np.array([0.2, 0.8, 0.3, 0.95]), misfit=1.0, counted=1)
    a, b = lim.Terms(1.0, 0.5), lim.Terms(1.0)
    profit_a, profit_b, again = line.profits(a, b, alpha=0.2)
    # first: 2x - 1 < 2 (1 - 1) + 0.5, so x < .75: A A A B; then: 2y - 1 < .5 for those at A: A, no (.6), A; B stays
    assert again == 0.75
    assert profit_a == pytest.approx((3 * 1.0 + 2 * 1.0 + 2 * (0.2 - 0.5)) / 4)
    assert profit_b == pytest.approx((1 * 1.0 + 2 * 1.0) / 4)


def test_data_are_worth_something_to_who_has_a_programme_only():
    lim = script("lim_lee_2015")
    place = (np.arange(1000) + 0.5) / 1000
    line = lim.Line(place, place, 1.0, 2)
    profits = line.profits(lim.Terms(1.0), lim.Terms(1.0), alpha=5.0)
    assert profits[:2] == pytest.approx((1.0, 1.0))


def test_programmes_cost_both_firms_at_the_terms_that_are_best_where_data_are_rich():
    """As the page of the paper says: of firms whose customers all come again, at t / alpha = .2."""
    lim = script("lim_lee_2015")
    place = (np.arange(20_000) + 0.5) / 20_000
    line = lim.Line(place, np.arange(20_000) * lim.GOLDEN % 1.0, 1.0, 1)
    terms, tried = lim.Terms(-1.2525, 1.5233), {"step": 0.05, "reach": 6}
    earned, _, again = line.profits(terms, terms, 5.0)
    best, _, _ = line.profits(lim.best_against(tried, line, terms, 5.0), terms, 5.0)
    assert (again, earned) == (1.0, pytest.approx(0.486, abs=0.001))
    assert best == pytest.approx(earned, abs=0.001)
    printed = lim.printed(1.0, 5.0)
    better, _, _ = line.profits(lim.best_against(tried, line, printed, 5.0), printed, 5.0)
    assert better - line.profits(printed, printed, 5.0)[0] > 0.025


def test_limits_that_earn_most_are_found_from_either_side():
    """Two fares, demand of three sizes: one place is kept for each that the full fare surely needs."""
    talluri = script("talluri_van_ryzin_2004")
    demand = np.array([[2.0, 10.0], [4.0, 10.0], [6.0, 10.0], [8.0, 10.0]])  # at 10 and at 6; ten places
    # P(D > y) >= .6 up to 4, and .5 beyond it
    for start in (0.0, 9.0):
        assert talluri.best_protection(demand, [10.0, 6.0], 10.0, [start], 0.5) == pytest.approx([4.0])
    assert talluri.best_of_one(demand, [10.0, 6.0], 10.0, 0.5) == 4.0


def test_who_never_buys_costs_a_letter_a_period():
    paper = read_paper(PAPERS, "pfeifer_carraway_2000", ["paper.customers=10", "paper.discount=1.0"])
    lives = script("pfeifer_carraway_2000").lives
    worth, asked, bought = lives(paper, np.zeros(2), np.random.default_rng(0), 0)
    assert worth == 40.0 - 4.0 - 4.0 / 2.0
    assert (asked.tolist(), bought.tolist()) == ([10, 10], [0, 0])
    surely, _, bought = lives(paper, np.ones(1), np.random.default_rng(0), 0)
    assert surely == pytest.approx(36.0 * 2.0)
    assert bought.tolist() == [10 * 60]


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("garnett_mandelbaum_reiman_2002", "paper.times.centre=0", "paper.times: has a number below 1"),
        ("garnett_mandelbaum_reiman_2002", "paper.centre.servers=0", "servers = 0 is outside"),
        ("talluri_van_ryzin_2004", "paper.step=0.0", "paper.draws or step: is not above 0"),
        ("talluri_van_ryzin_2004", "paper.sds=[1.0]", "has not 4 numbers"),
        ("klemperer_1987", "paper.choice=500", "paper.choice = 500 is not within the 100 periods"),
        ("lim_lee_2015", "paper.ratios=[0.0]", "is not above 0"),
        ("pfeifer_carraway_2000", "paper.chances=[0.5]", "paper.chances = [0.5] is not four chances"),
        ("pfeifer_carraway_2000", "paper.customers=0", "one customer at least"),
        ("gupta_lehmann_2003", "paper.cases.a=[0.5]", "is not a retention and a discount"),
        ("gupta_lehmann_2003", "paper.cases.a=[1.5,0.1]", "a retention of 1.5"),
        ("reichheld_sasser_1990", "paper.points=0.5", "a retention of 1.1"),
        ("bijmolt_van_heerde_pieters_2005", "paper.step=1.0", "is no part of a price"),
        ("kivetz_urminsky_zheng_2006", "paper.gradients=[0.4,0.2]", "is not two or more that rise"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(name, setting, message):
    paper = read_paper(PAPERS, name, [setting, "replications=1", *SMALL.get(name, ())])
    with pytest.raises(Refusal) as refused:
        script(name).replicate(paper)
    assert message in str(refused.value)
