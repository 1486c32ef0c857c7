"""Games on screen and on paper: what tables say, and what the matrix shows."""

from __future__ import annotations

import numpy as np
import pytest

import abm
from abm.study.comparison.game import of_values
from abm.study.comparison.profiles import profiles
from abm.view import game, notebook

NOISE = np.array([-0.5, 0.0, 0.25, 0.25])


def made(first, second, noise=NOISE, firms=("north", "south")):
    """Return a game with made-up payoffs of two firms."""
    world = abm.Scenario(population=abm.Population(customers=60), periods=6, burn_in=2)
    arms = {"stay": {}, "cut": {"firms.north.price": 0.9, "label": "a lower price"}}
    plan = profiles(abm.Experiment("rivals", world, arms=arms), firms)
    return of_values(plan, np.stack([np.array(first, float), np.array(second, float)], axis=-1).reshape(-1, 1) + noise)


@pytest.fixture(scope="module")
def dilemma():
    return made([[3, 0], [5, 1]], [[3, 5], [0, 1]])


def cells(table):
    return [list(column.cells) for column in table.columns]


def test_the_table_of_profiles_begins_with_the_most_stable(dilemma):
    north, south, paid, other, who, gain, said, share = cells(game.profiles(dilemma))
    assert (north[0], south[0]) == ("a lower price", "a lower price")
    assert (paid[0], other[0], who[0], gain[0], said[0], share[0]) == ("1.0", "1.0", "", "", "yes", "1.000")
    assert (who[1], gain[1], said[1], share[1]) == ("north to a lower price", "+2.0", "no", "0.000")


def test_the_table_of_best_responses(dilemma):
    table = cells(game.responses(dilemma))
    assert table[0] == ["north", "north", "south", "south"]
    assert table[1] == ["stay", "a lower price"] * 2
    assert table[2] == ["a lower price"] * 4
    assert table[5][0] == "[+2.0, +2.0]"
    assert table[6] == ["yes"] * 4


def test_the_matrix_marks_best_responses_and_equilibria(dilemma):
    ax = game.payoff(dilemma, "north")
    assert ax.get_title(loc="left") == "Profit of north (cu per customer and year)"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["stay", "a lower price"]
    np.testing.assert_array_equal(ax.images[0].get_array(), [[3, 0], [5, 1]])
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [round(float(dot.get_xdata()[0])) for dot in dots] == [0, 1]
    assert {round(float(dot.get_ydata()[0])) for dot in dots} == {1}
    (frame,) = [line for line in ax.lines if line.get_marker() != "o"]
    assert (np.mean([min(frame.get_xdata()), max(frame.get_xdata())]), min(frame.get_ydata())) == (1.0, 0.54)
    assert [text.get_text() for text in ax.texts] == ["3.0", "0.0", "5.0", "1.0"]


def test_the_second_firm_has_its_own_strategies_in_rows(dilemma):
    """South is paid 0 where it stays and north cuts, 5 the other way round."""
    np.testing.assert_array_equal(game.payoff(dilemma, "south").images[0].get_array(), [[3, 0], [5, 1]])


def test_what_is_undecided_is_a_ring():
    luck = np.array([[0.0] * 4] * 4 + [[8.0, -8.0, 8.0, -8.0]] + [[0.0] * 4] * 3)
    found = made([[3, 0], [5, 1]], [[3, 5], [0, 1]], luck)
    rings = [line for line in game.payoff(found, "north").lines if line.get_markerfacecolor() == "none"]
    assert len(rings) == 2
    assert cells(game.responses(found))[6] == ["no", "yes", "yes", "yes"]


def test_the_figure(dilemma):
    drawn = game.draw(dilemma)
    assert drawn.file == "game_profit_north_south.png"
    assert drawn.image.startswith(b"\x89PNG")
    assert drawn.caption.startswith(
        "'a lower price' of north and 'a lower price' of south are an equilibrium in profit"
    )
    assert game.document(dilemma)["equilibria"] == ["cut--cut"]
    assert "bootstrap samples" in game.explained(dilemma)
    assert "an equilibrium in profit" in notebook.html(dilemma)


def test_three_firms_share_a_column_and_have_a_matrix_each():
    """All are paid what they do alike: nobody gains where all do the same."""
    world = abm.Scenario(population=abm.Population(customers=60), periods=6, burn_in=2)
    study = abm.Experiment("rivals", world, arms={"stay": {}, "cut": {"firms.north.price": 0.9}})
    plan = profiles(study, ["north", "east", "south"])
    alike = [float(len(set(profile)) == 1) for profile in plan.choices.values()]
    found = of_values(plan, np.repeat(alike, 3)[:, None] + NOISE)
    table = game.profiles(found)
    assert [column.header for column in table.columns][:4] == ["north, east, south", "to north", "to east", "to south"]
    assert cells(table)[0][:2] == ["stay, stay, stay", "cut, cut, cut"]
    ax = game.payoff(found, "east")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["stay, stay", "stay, cut", "cut, stay", "cut, cut"]
    assert ax.get_xlabel() == "what north and south do"
    np.testing.assert_array_equal(ax.images[0].get_array(), [[1, 0, 0, 0], [0, 0, 0, 1]])
    assert game.draw(found).image.startswith(b"\x89PNG")


def test_equal_payoffs_do_no_harm():
    found = made([[1, 1], [1, 1]], [[1, 1], [1, 1]], np.zeros(1))
    assert game.draw(found).image.startswith(b"\x89PNG")
    assert cells(game.profiles(found))[-1] == ["-"] * 4
