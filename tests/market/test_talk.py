"""Word of mouth matters, and makes firms known."""

from __future__ import annotations

import numpy as np

from abm.engine.engine import Engine
from tests.market.runs import FIRMS, interval, market, measured, visits

_TALK = {"base": 0.1, "delight": 0.4, "contact_rate": 1.0}
_NO_OTHER_WAY = {"discovery": 0.0, "weak_tie": 0.0, "strong_tie": 0.0}


def test_stories_about_bad_service_cost_visits_where_all_firms_are_known():
    """Share moved by +.0002 between a market without word of mouth and one with it."""
    poor = market(3000, years=3).replace({"firms.north.service.failure_rate": 0.5, "word_of_mouth.contact_rate": 1.0})
    silent = poor.replace({"off": ("word_of_mouth",)})
    assert interval(visits(poor) / visits(silent) - 1.0)[1] < 0.0


def test_stories_about_good_service_bring_visits():
    good = market(3000).replace({"firms.north.service.quality": 0.9, "firms.north.service.failure_rate": 0.0})
    silent = good.replace({"off": ("word_of_mouth",)})
    assert interval(visits(good) / visits(silent) - 1.0)[0] > 0.01


def test_who_hears_of_a_firm_knows_it():
    """A story made nobody aware of its firm."""
    firms = ({**FIRMS[0], "initial_awareness": 0.2}, *FIRMS[1:])
    engine = Engine(market(firms=firms, word_of_mouth=_TALK | _NO_OTHER_WAY), 20)
    knew = engine.world.customers.aware[0].copy()
    engine.run(104)
    aware = engine.world.customers.aware[0]
    learned = engine.world.history[:, engine.world.rows["learned"]].sum(axis=0)
    assert (aware >= knew).all()
    assert aware.mean() > 2 * knew.mean()
    assert int(np.ravel(learned)[0]) == int(aware.sum()) - int(knew.sum())


def test_good_stories_per_bad_one():
    for rate, low, high in ((0.05, 2.2, 4.3), (0.10, 2.0, 4.0)):
        failing = market(3000).replace({f"firms.{firm['name']}.service.failure_rate": rate for firm in FIRMS})
        ratio = np.mean([measured(failing, "word_of_mouth_ratio", j).mean() for j in range(3)])
        assert low < ratio < high
