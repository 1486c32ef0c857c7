"""Small studies at random: valid, and as odd as a valid study may be."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from abm.scenario.measures import BY_NAME

_CHANGES: dict[str, list[Any]] = {
    "firms.f0.price": [0.0, 0.5, 1.0, 2.0],
    "firms.f0.service.quality": [0.0, 0.5, 0.99],
    "word_of_mouth.contact_rate": [0.0, 1.0],
    "firms.f0.program": [{"preset": "points"}],
}
_FACTORS: dict[str, list[Any]] = {
    "choice.attraction": [0.0, 10.0],
    "taste.taste_spread": [0.0, 3.0],
    "population.purchase_rate": [0.0, 0.5],
    "need.process": ["poisson", "every_period"],
}


@st.composite
def firms(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw one to three firms."""
    extras = st.fixed_dictionaries(
        {},
        optional={
            "price": st.sampled_from([0.0, 0.5, 1.5]),
            "program": st.sampled_from(["points", "stamp_card", "tiers"]).map(lambda name: {"preset": name}),
        },
    )
    return [{"name": f"f{j}", **one} for j, one in enumerate(draw(st.lists(extras, min_size=1, max_size=3)))]


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a market: of one customer, of no periods, in which nobody buys, with a log, under contracts."""
    periods, customers = draw(st.sampled_from([0, 1, 2, 10, 30, 60])), draw(st.sampled_from([1, 2, 5, 20, 60]))
    found: dict[str, Any] = {"periods": periods, "firms": draw(firms()), "population": {"customers": customers}}
    if periods > 1:
        found["burn_in"] = draw(st.integers(0, periods // 2))
    found["network"] = draw(st.sampled_from([{"kind": "complete"}, {"kind": "erdos_renyi", "neighbours": 0.5}]))
    if draw(st.booleans()):
        found["population"]["purchase_rate"] = draw(st.sampled_from([0.0, 0.1, 3.0]))
    if draw(st.booleans()):
        found["choice"] = {"outside": draw(st.sampled_from([-80.0, 5.0, 60.0]))}
    if draw(st.integers(0, 4)) == 0:
        found["preset"] = "contract"
    if draw(st.integers(0, 4)) == 0:
        found["off"] = [draw(st.sampled_from(["word_of_mouth", "trust", "taste"]))]
    return found


@st.composite
def arms(draw: st.DrawFn, periods: int) -> dict[str, dict[str, Any]]:
    """Draw the baseline and up to three other arms, some from a date on."""
    found: dict[str, dict[str, Any]] = {"none": {}}
    for k in range(draw(st.integers(0, 3))):
        paths = draw(st.lists(st.sampled_from(sorted(_CHANGES)), min_size=1, max_size=2, unique=True))
        found[f"a{k}"] = {path: draw(st.sampled_from(_CHANGES[path])) for path in paths}
        if periods > 2 and "word_of_mouth.contact_rate" not in paths and draw(st.integers(0, 3)) == 0:
            found[f"a{k}"]["from"] = draw(st.integers(1, periods - 1))
    return found


@st.composite
def designs(draw: st.DrawFn, scenario: dict[str, Any]) -> dict[str, Any]:
    """Draw a grid or a design of drawn points."""
    paths = draw(st.lists(st.sampled_from(sorted(_FACTORS)), min_size=1, max_size=2, unique=True))
    factors = {path: _FACTORS[path] for path in paths if not isinstance(_FACTORS[path][0], str)}
    if factors and draw(st.booleans()):
        points = draw(st.sampled_from([2, 5, 14]))
        return {"method": "latin_hypercube", "points": points, "factors": factors}
    return {"method": "grid", "factors": {path: _FACTORS[path] for path in paths}}


@st.composite
def studies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the table of a study file."""
    scenario = draw(scenarios())
    kpis = draw(st.lists(st.sampled_from(sorted(BY_NAME)), min_size=1, max_size=6, unique=True))
    study = {
        "question": draw(st.sampled_from(["", "Which arm?", "=1+1 <b> & 'so' on"])),
        "seed": draw(st.integers(0, 99)),
        "replications": draw(st.integers(1, 3)),
        "kpis": kpis,
        "scenario": scenario,
        "arms": draw(arms(scenario["periods"])),
    }
    if draw(st.booleans()):
        study["design"] = draw(designs(scenario))
    if draw(st.integers(0, 2)) == 0:
        study["groups"] = {"rate": {"by": "purchase_rate", "parts": 2}}
    if "a0" in study["arms"] and draw(st.booleans()):
        study["expect"] = [{"kpi": kpis[0], "arm": "a0", "above": 0}]
    return study
