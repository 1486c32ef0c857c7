"""Facts of prices and advertising: how much more is bought when a price falls, and when more is spent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from abm.core.citations import cite
from abm.core.sources import BIJMOLT_VAN_HEERDE_PIETERS_2005, SETHURAMAN_TELLIS_BRIESCH_2011
from abm.facts.fact import Fact, Part
from abm.facts.laboratory import Laboratory, Visits
from abm.mechanisms.social.advertising import Advertising

_STEP = 0.05  # by which a price is raised and lowered
_BOOST = 0.2  # by which spending on advertising is raised and lowered
_KNOWN_BY = 0.02  # of customers know each firm when a young market begins


def _volume(logs: list[Visits], first: int, last: int, firm: int | None = None) -> np.ndarray:
    """Return the visits of each replication in some periods, at a firm or at all."""
    counts = [log.between(first, last).counts.sum(axis=0) for log in logs]
    return np.array([count.sum() if firm is None else count[firm] for count in counts], np.float64)


def _elasticity(up: np.ndarray, down: np.ndarray, step: float) -> np.ndarray:
    """Return the elasticity between two levels of a lever: log ratio of volumes / log ratio of levels."""
    return np.log(up / down) / np.log((1.0 + step) / (1.0 - step))


def own_price(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how the first firm's visits of a year follow its price."""
    lab.need("pricing")
    lab.need_rivals()
    first, last = lab.launch, lab.launch + lab.year
    price = lab.focal.price
    up, down = (_volume(lab.logs(launched={"price": price * (1.0 + step)}), first, last, 0) for step in (_STEP, -_STEP))
    return {"own-price elasticity": _elasticity(up, down, _STEP)}


def category_price(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how all visits follow all prices."""
    lab.need("pricing")

    def all_at(step: float) -> dict[str, Any]:
        return {f"firms.{firm.name}.price": firm.price * (1.0 + step) for firm in lab.scenario.firms}

    first, last = lab.launch, lab.launch + lab.year
    up, down = (_volume(lab.logs(all_at(step)), first, last) for step in (_STEP, -_STEP))
    return {"category elasticity": _elasticity(up, down, _STEP)}


def usual_spend(lab: Laboratory) -> float:
    """Return what the first firm spends on advertising, or what reaches half of the people if it spends nothing."""
    theory = lab.scenario.advertising or Advertising()
    return lab.focal.advertising.advertising_spend or theory.half_reach


def advertising(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure how the first firm's visits follow what it spends, in a quarter and in the second year."""
    lab.need_rivals()
    usual = usual_spend(lab)
    everybody = lab.of_all_firms("advertising.advertising_spend", usual)
    up, down = (
        lab.logs({**lab.with_advertising, **everybody}, {"advertising.advertising_spend": usual * (1.0 + step)})
        for step in (_BOOST, -_BOOST)
    )
    quarter, year = lab.launch + lab.year // 4, lab.launch + lab.year

    def of(first: int, last: int) -> np.ndarray:
        return _elasticity(_volume(up, first, last, 0), _volume(down, first, last, 0), _BOOST)

    return {"in the quarter": of(lab.launch, quarter), "in the second year": of(year, year + lab.year)}


def young_and_settled(lab: Laboratory) -> Mapping[str, np.ndarray]:
    """Measure whether advertising works more where few know the firms than where all do."""
    lab.need_rivals()
    usual = usual_spend(lab)
    found = {}
    for name, known in (("young", _KNOWN_BY), ("settled", 1.0)):
        volumes = []
        for step in (_BOOST, -_BOOST):
            own = {f"firms.{lab.focal.name}.advertising.advertising_spend": usual * (1.0 + step)}
            everybody = {
                **lab.of_all_firms("advertising.advertising_spend", usual),
                **lab.of_all_firms("initial_awareness", known),
            }
            volumes.append(_volume(lab.logs({**lab.with_advertising, **everybody, **own}), 0, lab.year, 0))
        found[name] = _elasticity(volumes[0], volumes[1], _BOOST)
    return {"elasticity, young less settled": found["young"] - found["settled"]}


FACTS = (
    Fact(
        1,
        "own_price_elasticity",
        "demand for a brand is elastic to its price",
        cite(BIJMOLT_VAN_HEERDE_PIETERS_2005, "abstract: mean -2.62 of 1,851 estimates"),
        "calibration",
        "the first firm 5 % dearer and 5 % cheaper from the second year on; its visits of that year",
        (Part("own-price elasticity", "ratio", -3.1, -2.1),),
        own_price,
    ),
    Fact(
        2,
        "category_elasticity",
        "demand for the category is much less elastic",
        "assumed: between -1 and -.3",
        "calibration",
        "all firms 5 % dearer and 5 % cheaper; all visits of the second year",
        (Part("category elasticity", "ratio", -1.0, -0.3),),
        category_price,
    ),
    Fact(
        15,
        "advertising_elasticity",
        "advertising works a little at once, and twice as much in the long run",
        cite(SETHURAMAN_TELLIS_BRIESCH_2011, "abstract: .12 in the period (751 estimates), .24 in the long run (402)"),
        "calibration",
        "all firms advertise; the first spends 20 % more and 20 % less from the second year on",
        (Part("in the quarter", "ratio", 0.07, 0.17), Part("in the second year", "ratio", 0.16, 0.32)),
        advertising,
    ),
    Fact(
        35,
        "advertising_early",
        "advertising works more early in the life of a market",
        cite(SETHURAMAN_TELLIS_BRIESCH_2011, "abstract: elasticities higher early in the life cycle"),
        "held out",
        "all firms advertise from the start, the first 20 % more and 20 % less; its visits of the first year, where "
        "one in fifty knows each firm at first and where all do",
        (Part("elasticity, young less settled", "ratio", 0.0),),
        young_and_settled,
    ),
)
