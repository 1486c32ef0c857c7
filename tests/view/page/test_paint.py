"""Colours of customers: what they mean is what the columns say."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex

from abm.view import plots
from abm.view.page import paint, theme
from abm.view.page.course import Course


@pytest.fixture(scope="module")
def sight(study):
    """What there is to see after 15 periods."""
    course = Course(study.scenario, study.seed, most=60)
    course.advance(15)
    return course.sight()


def test_satisfaction(sight):
    painted = paint.satisfaction(sight, 0)
    own = sight.people["satisfaction"][15, 0]
    assert np.isnan(own).any()
    np.testing.assert_array_equal(painted.codes == 5, np.isnan(own))
    known = np.isfinite(own)
    np.testing.assert_array_equal(painted.codes[known], np.minimum((own[known] * 5).astype(int), 4))
    assert len(painted.colours) == len(painted.words) == 6


def test_provider(sight):
    painted = paint.provider(sight, 1)
    own = sight.people["provider"][15]
    np.testing.assert_array_equal(painted.codes[own >= 0], own[own >= 0])
    assert (painted.codes[own < 0] == 2).all()
    assert painted.words == ("north", "south", "none yet")


def test_talk(sight):
    told = np.zeros(60, np.uint8)
    heard = np.zeros((16, 2, 60), np.float32)
    told[:3] = 2 * 1 + 1, 2 * 1, 2 * 2 + 1  # good of north, bad of north, good of south
    heard[15, 0, 3:5] = 0.5, -0.5
    people = {**sight.people, "story": np.tile(told, (16, 1)), "word_of_mouth": heard}
    painted = paint.talk(replace(sight, people=people), 0)
    assert painted.codes[:6].tolist() == [0, 1, 4, 2, 3, 4]


def test_a_market_without_talk(study):
    course = Course(study.scenario.replace(off=("word_of_mouth",)), study.seed, most=20)
    course.advance(2)
    assert set(paint.talk(course.sight(), 0).codes.tolist()) == {4}


def test_colours_are_those_of_the_figures():
    palette = plots.colours([f"arm {k}" for k in range(10)], "arm 0")
    assert [to_hex(palette[f"arm {k}"]) for k in (0, 1)] == list(theme.ARMS)
    own = [to_hex(palette[f"arm {k}"]) for k in range(1, 10)]
    assert set(own) == set(theme.FIRMS)
    assert theme.of_firm(12) == theme.OTHERS
