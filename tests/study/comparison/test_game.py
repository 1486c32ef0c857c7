"""Games: which profiles are run, what made-up payoffs say, and a small market."""

from __future__ import annotations

import numpy as np
import pytest

import abm
from abm.study.comparison.game import Game, game, of_values
from abm.study.comparison.profiles import MOST_PROFILES, profiles

WORLD = abm.Scenario(population=abm.Population(customers=60), periods=6, burn_in=2)
NOISE = np.array([-0.5, 0.0, 0.25, 0.25])


def study(arms=None, **fields):
    arms = arms or {"stay": {}, "cut": {"firms.north.price": 0.9}}
    values = {"seed": 7, "replications": 3, "kpis": ("profit", "market_share")} | fields
    return abm.Experiment("rivals", values.pop("scenario", WORLD), arms=arms, **values)


def made(first, second, noise=NOISE, **fields):
    """Return a game of two firms with made-up payoffs by the first's strategy (rows) and the second's."""
    plan = profiles(study(**fields), ["north", "south"])
    values = np.stack([np.array(first, float), np.array(second, float)], axis=-1).reshape(-1, 1) + noise
    return of_values(plan, values)


def test_profiles_are_arms_with_each_firms_own_path():
    plan = profiles(study(baseline="cut"), ["north", "south"])
    assert plan.choices == {
        "stay--stay": ("stay", "stay"),
        "stay--cut": ("stay", "cut"),
        "cut--stay": ("cut", "stay"),
        "cut--cut": ("cut", "cut"),
    }
    experiment = plan.experiment
    set_to = {
        name: {path: value for path, value in settings.items() if path != "label"}
        for name, settings in experiment.arms.items()
    }
    assert set_to == {
        "stay--stay": {},
        "stay--cut": {"firms.south.price": 0.9},
        "cut--stay": {"firms.north.price": 0.9},
        "cut--cut": {"firms.north.price": 0.9, "firms.south.price": 0.9},
    }
    assert experiment.labels["cut--stay"] == "north cut, south stay"
    assert (experiment.name, experiment.baseline, experiment.judge_by) == ("rivals_game", "cut--cut", "profit")
    assert (experiment.seed, experiment.replications) == (7, 3)


def test_a_payoff_that_the_study_does_not_measure_is_measured_too():
    plan = profiles(study(kpis=("csi",)), ["north", "south"])
    assert [kpi.name for kpi in plan.experiment.kpis] == ["csi", "profit"]


def test_paths_by_place_and_whole_programmes_are_moved_too():
    arms = {"none": {}, "points": {"firms[0].program": {"preset": "points"}, "firms.0.price": 1.1}}
    plan = profiles(study(arms), ["north", "south"])
    world = plan.experiment.scenario_of("none--points")
    north, south = (next(firm for firm in world.firms if firm.name == name) for name in ("north", "south"))
    assert (north.price, south.price) == (WORLD.firms[0].price, 1.1)
    assert south.program == plan.experiment.scenario_of("points--none").firms[0].program != north.program


def test_dated_strategies_of_two_firms_are_two_changes():
    arms = {
        "none": {},
        "later": {"from": 3, "until": 5, "firms.north.price": 0.9},
        "steps": {"changes": [{"name": "up", "from": 4, "set": {"firms.north.price": 1.2}}]},
    }
    plan = profiles(study(arms), ["south", "north"][::-1])
    changes = plan.experiment.scenario_of("later--later").changes
    assert [(one.name, one.start, one.until, one.set) for one in changes] == [
        ("later_1", 3, 5, {"firms.north.price": 0.9}),
        ("later_2", 3, 5, {"firms.south.price": 0.9}),
    ]
    (change,) = plan.experiment.scenario_of("none--steps").changes
    assert (change.name, change.start, change.set) == ("up_2", 4, {"firms.south.price": 1.2})


def test_names_that_would_not_do_are_numbers():
    arms = {"a": {}, "a--a": {"firms.north.price": 0.9}}
    assert list(profiles(study(arms), ["north", "south"]).choices) == [f"profile_{k}" for k in (1, 2, 3, 4)]
    long = {"a" * 40: {}, "b" * 40: {"firms.north.price": 0.9}}
    plan = profiles(study(long), ["north", "south"])
    assert list(plan.choices) == [f"profile_{k}" for k in (1, 2, 3, 4)]
    assert plan.experiment.labels == {}


@pytest.mark.parametrize(
    ("firms", "arms", "more", "message"),
    [
        (["nort", "south"], (), {}, "firms = \"nort\" is no firm; did you mean 'north'?"),
        (["north"], (), {}, 'firms = "north" is no game; name two firms or more'),
        (["north", "north"], (), {}, 'firms = "north,north" names a firm twice'),
        (["north", "south"], ["sty", "cut"], {}, "arms = \"sty\" is no arm; did you mean 'stay'?"),
        (["north", "south"], ["cut", "cut"], {}, 'arms = "cut,cut" names an arm twice'),
        (["north", "south"], ["cut"], {}, 'arms = "cut" leaves nothing to choose'),
        (["south", "north"], (), {}, "arms.cut.firms.north.price = …: a strategy sets levers of south alone"),
        (
            ["north", "south"],
            (),
            {"arms": {"a": {}, "talk": {"word_of_mouth.contact_rate": 0.2}}},
            "arms.talk.word_of_mouth.contact_rate = …: a strategy sets levers of north alone",
        ),
        (
            ["north", "south"],
            (),
            {"arms": {f"a{k}": {"firms.north.price": 1 + k / 100} for k in range(17)}},
            f"2 firms with 17 strategies each make 289 profiles, and a game has at most {MOST_PROFILES}",
        ),
    ],
)
def test_refusals(firms, arms, more, message):
    with pytest.raises(abm.Refusal) as refused:
        profiles(study(**more), firms, arms)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("kpi", "message"),
    [("proft", "did you mean 'profit'?"), ("stories_heard", "neither more nor less of it is better")],
)
def test_payoffs_that_are_none(kpi, message):
    with pytest.raises(abm.Refusal, match="kpi = ") as refused:
        profiles(study(), ["north", "south"], kpi=kpi)
    assert message in str(refused.value)


def test_a_strategy_with_an_open_value_is_refused():
    arms = {"stay": {}, "cut": {"match": {"by": "firms.north.price", "kpi": "profit", "plus": 0.1}}}
    with pytest.raises(abm.Refusal, match=r"leaves 'firms\.north\.price' open"):
        profiles(study(arms), ["north", "south"])


def test_a_confidence_of_no_use_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(abm.Refusal, match=r"confidence = 1.0 is outside \(0, 1\)"):
        game(study(), ["north", "south"], confidence=1.0, store=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_prisoners_dilemma_by_hand():
    """Each is paid 3 if both stay, 1 if both cut, and 5 and 0 if one alone cuts."""
    found = made([[3, 0], [5, 1]], [[3, 5], [0, 1]])
    assert found.equilibria == ("cut--cut",)
    assert found.decided
    first = found.table.iloc[2].to_dict()
    assert [first[key] for key in ("profile", "firm", "strategy", "rivals", "response")] == [
        "stay--cut", "north", "stay", "cut", "no",
    ]  # fmt: skip
    assert (first["mean"], found.table.loc[3, "mean"]) == (0.0, 5.0)
    assert found.table.loc[3, "rivals"] == "stay"
    assert found.table.loc[3, "response"] == "best"
    assert found.responses[["firm", "rivals", "best", "lead"]].to_numpy().tolist() == [
        ["north", "stay", "cut", 2.0],
        ["north", "cut", "cut", 1.0],
        ["south", "stay", "cut", 2.0],
        ["south", "cut", "cut", 1.0],
    ]
    rows = found.profiles.set_index("profile")
    assert rows["standing"].tolist() == ["refuted", "refuted", "refuted", "shown"]
    assert rows["stability"].tolist() == [0.0, 0.0, 0.0, 1.0]
    assert rows.loc["stay--cut", ["firm", "to", "gain", "low", "high"]].tolist() == ["north", "cut", 1.0, 1.0, 1.0]
    assert found.dominated[["firm", "strategy", "by", "gain", "shown"]].to_numpy().tolist() == [
        ["north", "stay", "cut", 1.0, True],
        ["south", "stay", "cut", 1.0, True],
    ]
    assert found.mixed.empty
    assert str(found) == (
        "'cut' of north and 'cut' of south are an equilibrium in profit, shown, in 100.0% of 1,000 resamples; "
        "'stay' of north is dominated by 'cut'; 'stay' of south is dominated by 'cut'; all 4 best responses decided "
        "(0.95 confidence for all together, 4 replications)"
    )


def test_two_equilibria_and_none():
    found = made([[2, 0], [0, 1]], [[2, 0], [0, 1]])
    assert found.equilibria == ("stay--stay", "cut--cut")
    assert found.mixed["probability"].tolist() == pytest.approx([1 / 3, 2 / 3, 1 / 3, 2 / 3])
    pennies = made([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])
    assert pennies.equilibria == ()
    assert pennies.profiles["stability"].tolist() == [0.0] * 4
    assert str(pennies).startswith("in profit some firm would gain by changing its strategy in every profile; ")
    assert "north plays 'stay' with probability 0.50" in str(pennies)


def test_levels_have_students_intervals_by_themselves():
    found = made([[3, 0], [5, 1]], [[3, 5], [0, 1]])
    half = 3.182446305284263 * NOISE.std(ddof=1) / 2  # t of 3 degrees of freedom
    row = found.table.iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((3 - half, 3 + half))


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """A market of two firms that may cut their price by a quarter, and its game."""
    folder = tmp_path_factory.mktemp("game") / "out"
    arms = {"stay": {}, "cut": {"firms.north.price": 0.75}}
    asked = study(arms, replications=5, scenario=WORLD.replace({"population.customers": 200, "periods": 20}))
    return asked, folder, game(asked, ["north", "south"], store=folder, workers=1)


def test_a_small_market(market):
    """Whatever a price cut does there, tables, intervals and statements agree with the runs that are stored."""
    _, folder, found = market
    assert isinstance(found, Game)
    assert (found.replications, found.left_out, found.failed) == (5, 0, 0)
    results = abm.read(folder)
    for row in found.responses.to_dict("records"):
        own = [f"{s}--{row['rivals']}" if row["firm"] == "north" else f"{row['rivals']}--{s}" for s in ("stay", "cut")]
        pair = results.paired("profit", own[0], own[1], row["firm"], 1 - 0.05 / 4)
        sign = 1 if row["best"] == "stay" else -1
        ends = sorted((sign * pair.low, sign * pair.high))
        assert [row["lead"], row["low"], row["high"]] == pytest.approx([sign * pair.mean, *ends])
        assert row["lead"] >= 0
        assert row["decided"] == (row["low"] > 0)
        assert set(row["candidates"]) == ({row["best"]} if row["decided"] else {"stay", "cut"})


def test_a_profile_in_which_the_first_firm_moves_alone_is_the_arm_of_the_study(market):
    """To the last bit, for both firms: all profiles share the luck of the study."""
    asked, folder, _ = market
    plain, played = abm.run(asked, workers=1), abm.read(folder)
    for firm in ("north", "south", "east"):
        for arm in ("stay", "cut"):
            np.testing.assert_array_equal(
                played.block("profit", f"{arm}--stay", firm), plain.block("profit", arm, firm)
            )


def test_a_stored_game_is_not_run_again(market, monkeypatch):
    asked, folder, found = market
    seen = []
    again = game(asked, ["north", "south"], store=folder, workers=1, progress=lambda *now: seen.append(now))
    assert seen[0][:2] == (20, 20)
    for part in ("table", "responses", "profiles", "dominated", "mixed"):
        assert getattr(again, part).equals(getattr(found, part))


def test_a_payoff_without_a_value_is_refused():
    with pytest.raises(abm.Refusal, match='kpi = "breakage" has no value in all 4 profiles in any replication'):
        game(study(), ["north", "south"], kpi="breakage", workers=1)


def test_points_of_a_design_are_averaged():
    design = abm.grid({"word_of_mouth.contact_rate": [0.0, 0.4]})
    found = game(study(design=design), ["north", "south"], workers=1)
    results = abm.run(profiles(study(design=design), ["north", "south"]).experiment, workers=1)
    assert found.table.loc[0, "mean"] == pytest.approx(results.block("profit", "stay--stay", "north").mean())
