"""An exploration brings both arms to where they are wanted, and says so when it cannot."""

import time

import numpy as np
import pytest

import abm
from abm.view.page import exploration as module
from abm.view.page import pair
from abm.view.page.exploration import Exploration


def profit(exploration, k):
    """Return the profit of north in an arm."""
    return exploration.sights[k].measured("profit", "north")


def test_both_arms_live_through_the_same_luck(study, exploration):
    exploration.step(12)
    exploration.wait()
    for k, arm in enumerate(exploration.arms):
        table = abm.simulate(arm.scenario, seed=study.seed)
        own = table[(table["firm"] == "north") & (table["period"] < 12)]
        np.testing.assert_array_equal(profit(exploration, k), own["profit"])


def test_a_moved_lever_runs_its_arm_again_and_keeps_what_was_there(exploration):
    exploration.step(8)
    exploration.wait()
    before, other = profit(exploration, 1), exploration.sights[0]
    exploration.change(1, lambda arm: arm.setting("firms.north.price", 0.8))
    exploration.wait()
    assert exploration.sights[1].periods == 8
    assert not np.array_equal(profit(exploration, 1), before)
    assert exploration.sights[0] is other
    assert [one.arm for one in exploration.earlier] == [1]
    np.testing.assert_array_equal(exploration.earlier[0].sight.measured("profit", "north"), before)
    exploration.clear_earlier()
    assert exploration.earlier == ()


def test_the_network_is_laid_out_once_for_both_arms_and_all_their_runs(exploration):
    exploration.step(2)
    exploration.wait()
    sample = exploration.sights[0].sample
    exploration.change(1, lambda arm: arm.setting("firms.north.price", 0.8))
    exploration.wait()
    exploration.reset()
    exploration.wait()
    assert [sight.sample for sight in exploration.sights] == [sample, sample]
    exploration.set_luck(1)  # other ties
    exploration.wait()
    first, second = (sight.sample for sight in exploration.sights)
    assert first is second
    assert first is not sample


def test_what_is_not_yet_to_be_seen_is_still_waited_for(study, monkeypatch):
    made = Exploration(study, most=10)
    waited_for, see = [], made._see
    monkeypatch.setattr(made, "_see", lambda *rest: (waited_for.append(made.behind), see(*rest)))
    made.start()
    made.wait()
    made.close()
    assert waited_for == [True, True]
    assert not made.behind


def test_no_more_than_a_few_runs_are_kept(exploration):
    exploration.step(3)
    for price in np.linspace(0.7, 1.2, module.MOST_EARLIER + 3):
        exploration.change(0, lambda arm, price=price: arm.setting("firms.north.price", float(price)))
        exploration.wait()
    assert len(exploration.earlier) == module.MOST_EARLIER


def test_what_is_refused_changes_nothing(exploration):
    arms, version = exploration.arms, exploration.version
    with pytest.raises(abm.Refusal, match="is outside"):
        exploration.change(1, lambda arm: arm.setting("firms.north.price", -3.0))
    assert exploration.arms is arms
    exploration.change(1, lambda arm: arm.setting("firms.north.service.quality", 0.9))  # as it is
    assert exploration.arms is arms
    exploration.wait()
    assert exploration.version >= version


def test_it_runs_pauses_and_ends(exploration):
    exploration.wait()
    exploration.run()
    until = time.monotonic() + 20
    while min(sight.periods for sight in exploration.sights) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    exploration.pause()
    exploration.wait()
    stopped = exploration.sights[0].periods
    assert 3 <= stopped < exploration.periods
    assert exploration.sights[1].periods == stopped
    assert exploration.status == module.PAUSED
    exploration.set_pace(1000)
    exploration.run()
    while exploration.status != module.ENDED and time.monotonic() < until:
        time.sleep(0.02)
    exploration.wait()
    assert exploration.sights[0].periods == exploration.periods
    exploration.step()
    exploration.wait()
    assert exploration.sights[0].periods == exploration.periods


def test_reset_begins_again(exploration):
    exploration.step(6)
    exploration.wait()
    before = profit(exploration, 0)
    exploration.reset()
    exploration.wait()
    assert exploration.sights[0].periods == 0
    exploration.step(6)
    exploration.wait()
    np.testing.assert_array_equal(profit(exploration, 0), before)


def test_another_draw_of_luck(study, exploration):
    exploration.step(5)
    exploration.set_luck(3)
    exploration.wait()
    table = abm.simulate(study.scenario, seed=study.seed, replication=3)
    own = table[(table["firm"] == "north") & (table["period"] < 5)]
    np.testing.assert_array_equal(profit(exploration, 0), own["profit"])
    with pytest.raises(abm.Refusal, match="is outside"):
        exploration.set_luck(-1)
    with pytest.raises(abm.Refusal, match="a period at least"):
        exploration.set_pace(0)


def test_the_market_is_the_same_for_both_arms(exploration):
    exploration.step(4)
    exploration.change_market("population.customers", 50)
    exploration.wait()
    assert [sight.scenario.population.customers for sight in exploration.sights] == [50, 50]
    exploration.step(9)
    exploration.change_market("periods", 5)
    exploration.wait()
    assert exploration.sights[0].periods == exploration.periods == 5
    with pytest.raises(abm.Refusal, match="neighbours"):
        exploration.change_market("population.customers", 2)
    assert exploration.base.population.customers == 50


def test_another_study(study, exploration):
    exploration.step(4)
    exploration.wait()
    exploration.open(study.replace(arms={"none": {}, "cut": study.arms["cut"]}, seed=9))
    exploration.wait()
    assert [arm.name for arm in exploration.arms] == ["none", "cut"]
    assert exploration.sights[0].periods == 0
    exploration.to_the_end()
    exploration.wait()
    first, second = profit(exploration, 0), profit(exploration, 1)
    np.testing.assert_array_equal(first[:10], second[:10])
    assert not np.array_equal(first[10:20], second[10:20])


def test_what_cannot_be_run_is_said_and_can_be_put_right(study, exploration, monkeypatch):
    exploration.wait()
    whole = pair.Course

    def broken(scenario, *rest):
        if scenario.firms[0].price == 0.5:
            raise MemoryError
        return whole(scenario, *rest)

    monkeypatch.setattr(pair, "Course", broken)
    exploration.change(0, lambda arm: arm.setting("firms.north.price", 0.5))
    exploration.wait()
    assert "not enough memory" in exploration.problem
    exploration.change(0, lambda arm: arm.setting("firms.north.price", 0.9))
    exploration.step(2)
    exploration.wait()
    assert exploration.problem == ""
    assert exploration.sights[0].periods == 2


def test_it_says_when_a_market_has_still_to_be_compiled(study, monkeypatch):
    said = []
    monkeypatch.setattr(pair, "is_compiled", lambda scenario: False)
    made = Exploration(study, most=10)
    say = made._say
    monkeypatch.setattr(made, "_say", lambda words: (said.append(words), say(words)))
    made.start()
    made.wait()
    made.close()
    assert said[0] == pair.COMPILING
    assert made.activity == ""


def test_kpis_and_firms(exploration):
    assert exploration.kpis[:3] == ["profit", "csi", "share_of_wallet"]
    assert "retention_rate" in exploration.kpis
    assert exploration.firms == ["north", "south"]


def test_comparison_behind_the_page(exploration):
    exploration.compare(3, "profit", "south")
    exploration.trial.wait(60)
    assert exploration.trial.state.stage == "done"
    assert list(exploration.trial.study.arms) == ["none", "service"]
    exploration.cancel_trial()
    assert exploration.trial.state.stage == "done"
