"""Facts of what a story does to those who hear it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from abm.core.citations import cite
from abm.core.sources import EAST_HAMMOND_LOMAX_2008
from abm.engine.engine import Engine
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory
from abm.mechanisms.social.hearing import credulity, headroom

_WEEKS = 4  # after a story, in which choices are compared


def _hear(engine: Engine, good: bool) -> None:
    """Let everybody hear one story about the first firm from a friend, as the theory has it."""
    talk, c = engine.scenario.word_of_mouth, engine.world.customers
    for i in range(engine.world.n):
        room = headroom(
            np.float32(c.preference[0, i]), good, c.provider[i] == 0, np.float32(talk.unlikely_below),
            np.float32(talk.likely_above), np.float32(talk.opposed_part), np.float32(talk.own_brand_part),
        )  # fmt: skip
        believed = credulity(np.float32(c.encounters[0, i]), np.float32(talk.own_experience))
        c.word_of_mouth[0, i] += (talk.praise if good else -talk.blame) * room * believed


def _chosen(engine: Engine) -> tuple[float, float]:
    """Return the sum of the chances of choosing the first firm, of those who are not its customers and who are."""
    c = engine.world.customers
    before = c.provider == 0
    engine.run(_WEEKS)
    return float(c.preference[0][~before].sum()), float(c.preference[0][before].sum())


def _shifts(lab: Laboratory) -> tuple[np.ndarray, np.ndarray]:
    """Return what a good story adds to choices of the first firm, and what a bad one takes from them.

    Both of those who are not its customers and of those who are: (replications, 2)
    """
    lab.need("word_of_mouth")
    lab.need_rivals()
    shifts: dict[str, list[tuple[float, float]]] = {"none": [], "good": [], "bad": []}
    for kind, found in shifts.items():
        for engine in lab.runs():
            engine.run(lab.launch)
            if kind != "none":
                _hear(engine, kind == "good")
            found.append(_chosen(engine))
    none, good, bad = (np.array(shifts[kind]) for kind in ("none", "good", "bad"))
    return good - none, none - bad


def acquisition_and_retention(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure what one good and one bad story do to those who are not customers, and to those who are."""
    gain, harm = _shifts(lab)
    return {"good story": gain[:, 0] / gain[:, 1], "bad story": harm[:, 0] / harm[:, 1]}


def impact(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether a good story moves choices more than a bad one."""
    gain, harm = _shifts(lab)
    people = lab.scenario.population.customers
    return {"shift by a good story less that by a bad one": (gain.sum(axis=1) - harm.sum(axis=1)) / people}


FACTS = (
    Fact(
        16,
        "stories_acquire",
        "stories win and deter those who are not customers more than they keep and lose those who are",
        cite(EAST_HAMMOND_LOMAX_2008, "good news about twice, bad news about four times"),
        "calibration",
        "everybody hears one story about the first firm; what it changes in the weeks after in choices of those who "
        "are not its customers, over what it changes in those who are",
        (Part("good story", "ratio", 1.4, 2.8), Part("bad story", "ratio", 2.5, 6.0)),
        acquisition_and_retention,
    ),
    Fact(
        34,
        "good_stories_move_more",
        "a good story moves choices more than a bad one, as most hearers would not choose the firm anyway",
        cite(EAST_HAMMOND_LOMAX_2008, "abstract: impact of good news above that of bad, prior probabilities below .5"),
        "held out",
        "everybody hears one story about the first firm, of equal weight: what it changes in the mean chance of "
        "choosing the firm in the weeks after",
        (Part("shift by a good story less that by a bad one", "0-1", 0.0, coded=True),),
        impact,
    ),
)
