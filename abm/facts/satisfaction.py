"""Facts of what satisfaction does where it is high, and of indices of it that should foretell growth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.sources import ANDERSON_SULLIVAN_1993, KEININGHAM_2007, MITTAL_KAMAKURA_2001
from abm.engine.engine import Engine
from abm.facts.attitudes import kept
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory
from abm.kpis.kpi import Tallied
from abm.mechanisms.measurement.survey import nps, surveyed_csi

_LEVELS = {"poor": 0.65, "fine": 0.85}  # quality of the first firm; its rivals' stays as it is
_FIRMS = 8  # whose growth is to be foretold
_QUALITY = (0.67, 0.83)  # of the worst and the best of them
_MOVED = 3  # places by which their qualities are exchanged
_ASKED = 0.3  # of visitors


def _of_first_firm(lab: Laboratory, quality: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield satisfaction of the first firm's settled customers, and the chance of choosing it a quarter later."""
    for engine in lab.runs({f"firms.{lab.focal.name}.service.quality": quality}):
        engine.run(lab.launch)
        satisfaction, again, provider = kept(engine, max(1, lab.year // 4))
        yield satisfaction[provider == 0], again[provider == 0]


def elasticity_by_level(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how repurchase responds to satisfaction, at a poor firm and at a fine one."""
    lab.need("learning")
    lab.need_rivals()
    found = {
        name: np.array(
            [np.cov(x, y)[0, 1] / np.var(x, ddof=1) * x.mean() / y.mean() for x, y in _of_first_firm(lab, quality)]
        )
        for name, quality in _LEVELS.items()
    }
    return {"elasticity at a fine firm less at a poor one": found["fine"] - found["poor"]}


def curvature(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether repurchase rises ever faster with satisfaction, among five rivals."""
    lab.need("learning")
    found = []
    for engine in lab.runs(lab.brands()):
        engine.run(lab.launch)
        satisfaction, again, _ = kept(engine, max(1, lab.year // 4))
        found.append(2.0 * np.polyfit(satisfaction, again, 2)[0])
    return {"second derivative": np.array(found)}


def _qualities(moved: int) -> np.ndarray:
    return np.roll(np.linspace(*_QUALITY, _FIRMS), moved)


def _eight(lab: Laboratory) -> dict[str, Any]:
    """Return the changes that make a market of eight firms of different quality, all of which ask their visitors."""
    survey: dict[str, Any] = {} if lab.scenario.survey is not None else {"survey": {}}
    firms = tuple(
        lab.focal.replace({"name": f"firm_{k}", "service.quality": float(quality), "survey.sampling": _ASKED})
        for k, quality in enumerate(_qualities(0))
    )
    return {**survey, "firms": firms}


def _counted(engine: Engine, first: int, last: int) -> Tallied:
    """Return what was counted of the firms in some periods."""
    names = ("visits", "promoters", "detractors", "answers", "full_marks", "marks_overall", "marks_expected",
             "marks_ideal")  # fmt: skip
    sums = {name: engine.world.tallied(name)[first:last].sum(axis=0) for name in names}
    return Tallied(sums, engine.scenario.periods_per_year, last - first)


def indices_and_growth(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure which of two indices, of the same answers, foretells better which firms grow."""
    lab.need("learning")
    half = max(1, lab.year // 2)
    recommended, satisfied = [], []
    for engine in lab.runs(_eight(lab)):
        engine.run(lab.launch)
        for j, quality in enumerate(_qualities(_MOVED)):
            engine.set_firm(j, engine.levers.firms[j].replace({"service.quality": float(quality)}))
        engine.run(3 * half)
        asked, later = (_counted(engine, lab.launch + k * half, lab.launch + (k + 1) * half) for k in (0, 2))
        growth = np.log(later.visits / asked.visits)
        recommended.append(np.corrcoef(nps.function(asked), growth)[0, 1])
        satisfied.append(np.corrcoef(surveyed_csi.function(asked), growth)[0, 1])
    return {"correlation with growth, NPS less CSI": np.array(recommended) - np.array(satisfied)}


FACTS = (
    Fact(
        31,
        "elasticity_where_satisfaction_is_high",
        "repurchase responds less to satisfaction at a firm that satisfies more",
        cite(ANDERSON_SULLIVAN_1993, "abstract: elasticity lower for firms with high satisfaction"),
        "held out",
        "a first firm of quality .65 and of .85 among usual rivals: elasticity of the chance of choosing it a quarter "
        "later to satisfaction, over its customers of ten visits or more",
        (Part("elasticity at a fine firm less at a poor one", "ratio", high=0.0),),
        elasticity_by_level,
    ),
    Fact(
        32,
        "increasing_returns",
        "behaviour follows satisfaction with increasing returns where there are rivals",
        cite(MITTAL_KAMAKURA_2001, "abstract: behaviour with increasing returns, intention with decreasing ones"),
        "held out",
        "probability of choosing the provider a quarter later as a parabola of satisfaction with it, over customers of "
        "ten visits or more; five unequal brands",
        (Part("second derivative", "1/0-1/0-1", 0.0),),
        curvature,
    ),
    Fact(
        33,
        "indices_and_growth",
        "the net promoter score foretells growth no better than an index of satisfaction",
        cite(KEININGHAM_2007, "abstract: not superior; the margin of .05 is assumed"),
        "held out",
        "eight firms whose qualities are exchanged, asked about by the same questionnaires in the half year after: "
        "correlation over firms with growth of visits from then to a year later",
        (Part("correlation with growth, NPS less CSI", "correlation", high=0.05),),
        indices_and_growth,
    ),
)
