"""Channels: who comes by which, what is lost between them, what each costs, and what that does to the bond."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.kpi import Tallied
from abm.kpis.value import lever_cost, profit
from abm.mechanisms.relationship.switching_cost import grow_bond
from abm.mechanisms.service.channels import (
    ChannelsPolicy,
    contact_richness,
    handover_rate,
    lost_context_share,
    remote_share,
    self_service_share,
    touch_point_spread,
)
from abm.mechanisms.service.channels_kernels import (
    CHANNELS,
    CONTEXT_KEPT,
    CONTEXT_LOST,
    NO_HANDOVER,
    add_access,
    add_channel_cost,
    book_channels,
    book_sharing,
    count_channels,
    discount_self_service,
    fall_short,
    hand_over,
    pick_channel,
    pull,
    thin_contact,
)
from abm.scenario.scenario import Scenario
from abm.world.columns import FIXED_POINT
from tests.examples import examples
from tests.mechanisms.bits import ran
from tests.mechanisms.small import Small
from tests.reference import random_numbers

after = partial(ran, seed=5)

SHARES = (remote_share, self_service_share, contact_richness, handover_rate, lost_context_share, touch_point_spread)
OPEN = "firms.north.channels.open"


def market(channels=None, customers=600, periods=40, **sections):
    data = {
        "periods": periods,
        "population": {"customers": customers, "purchase_rate": 0.6},
        "information": {},
        "channels": channels or {},
        "firms": [{"name": "north", "information": {"data_coverage": 0.8}}, {"name": "east"}],
        **sections,
    }
    return Scenario.parse(data)


def small(customers=2, **policy):
    """Return two firms, the first with some channels, and pulls that are written by hand: 1 for each channel."""
    firms = ({"information": {"data_coverage": 1.0}, "channels": policy}, {})
    settings_ = {"occasion_spread": 0.5, "context_loss": 0.1}
    made = Small(customers, firms, information={}, channels=settings_, customer_accounts={})
    made.c.channel_pull.fill(1.0)
    return made


def test_pulls_have_the_form_of_a_logit_and_limits():
    """e^(1 / 0.5) by hand; exponents end at 30 either way, so that sums stay finite."""
    assert float(pull(np.float32(1.0), np.float32(0.5))) == pytest.approx(np.e**2, rel=1e-6)
    assert float(pull(np.float32(0.0), np.float32(0.3))) == 1.0
    far = float(pull(np.float32(50.0), np.float32(0.01)))
    assert far == float(pull(np.float32(31.0), np.float32(1.0))) == pytest.approx(np.e**30, rel=1e-5)
    assert np.isfinite(np.float32(6.0) * np.float32(far) * np.float32(far))


def test_likings_are_drawn_where_the_page_says():
    """Stream channels, period 0, draw 0, block c, word 0: liking = appeal + spread z, as a weight; the counter is 1."""
    given_ = {"appeal": [-0.1, -0.2, -0.3, -0.4, -0.5], "appeal_spread": 0.3, "occasion_spread": 0.5}
    scenario = market(given_, customers=4).replace({OPEN: ["phone"]})
    pulls = Engine(scenario, 3, replication=2).world.customers.channel_pull
    key = random_numbers.stream_key(3, "channels")
    assert pulls[0].tolist() == [1.0] * 4
    for c, mean in enumerate(given_["appeal"], start=1):
        for i in range(4):
            word = random_numbers.customer_words(key, i, 0, draw=0, block=c, replication=2)[0]
            liking = mean + 0.3 * random_numbers.normal(random_numbers.uniform(word))
            assert pulls[c, i] == pytest.approx(np.exp(liking / 0.5), rel=1e-4)


def test_access_is_worth_the_logarithm_of_the_pulls_and_nothing_at_a_counter_alone():
    """0.5 ln(1 + 3) and 0.5 ln(1 + 0.25); a firm without a counter is worth 0.5 ln 3, or 0.5 ln 0.25."""
    made = small(open=["counter", "chat"])
    made.c.channel_pull[4] = [3.0, 0.25]
    made.passing.utility[:, :2] = 1.0
    made.run("channels", add_access)
    expected = [[1 + 0.5 * np.log(4.0), 1 + 0.5 * np.log(1.25)], [1.0, 1.0]]
    np.testing.assert_allclose(made.passing.utility[:, :2], expected, rtol=1e-6)
    alone = small(open=["chat"])
    alone.c.channel_pull[4] = [3.0, 0.25]
    alone.passing.utility[:, :2] = 0.0
    alone.run("channels", add_access)
    np.testing.assert_allclose(alone.passing.utility[0, :2], [0.5 * np.log(3.0), 0.5 * np.log(0.25)], rtol=1e-6)


def test_a_discount_draws_to_self_service_as_a_lower_price_would():
    """Her response 2 times price 1 times 0.1 off, over a spread of 0.5: a pull of e^0.4 instead of 1."""
    made = small(open=["counter", "self_service"], self_service_discount=0.1)
    made.c.price_response.fill(2.0)
    made.passing.utility[:, :2] = 0.0
    made.run("channels", add_access)
    np.testing.assert_allclose(made.passing.utility[0, :2], 0.5 * np.log(1 + np.exp(0.4)), rtol=1e-5)
    made.visits([0, 1], [0, 1])
    made.passing.visit_channel[:2] = [5, 5]
    made.passing.visit_discount[:2] = [0.5, 0.5]
    made.run("channels", discount_self_service)
    np.testing.assert_allclose(made.at("visit_discount"), [0.55, 0.5], rtol=1e-6)


@pytest.mark.parametrize("t", range(6))
def test_a_channel_is_picked_by_word_0_of_the_visit(t):
    """Weights 1 at the counter, 2 by phone, 5 by self-service: cumulated 1, 3 and 8 of 8."""
    made = small(6, open=["counter", "self_service", "phone"])
    made.c.channel_pull[1], made.c.channel_pull[5] = 2.0, 5.0
    made.visits([0, 1, 2, 3, 3, 4], [0, 0, 0, 0, 0, 1])
    made.run("channels", pick_channel, t)
    key = random_numbers.stream_key(1, "channels")
    for v, (i, nth) in enumerate([(0, 0), (1, 0), (2, 0), (3, 0), (3, 1)]):
        word = random_numbers.customer_words(key, i, t, draw=0, block=nth, replication=0)[0]
        u = 8.0 * random_numbers.uniform(word)
        assert made.at("visit_channel")[v] == (0 if u < 1 else 1 if u < 3 else 5)
    assert made.at("visit_channel")[5] == 0


def test_who_changes_channels_keeps_her_context_if_she_is_known_and_records_are_shared():
    """First visits and the same channel are no change; without sharing, or unknown, the context is lost."""
    made = small(6, open=["counter", "phone"], shared_records=0.5)
    made.c.last_channel[0] = [255, 1, 0, 0, 0, 0]
    made.c.known[0] = [1, 1, 0, 1, 1, 1]
    made.visits(range(6), [0] * 6)
    made.passing.visit_channel[:6] = 1
    made.run("channels", hand_over, 7)
    key = random_numbers.stream_key(1, "channels")
    expected = [NO_HANDOVER, NO_HANDOVER, CONTEXT_LOST]
    for i in (3, 4, 5):
        word = random_numbers.customer_words(key, i, 7, draw=0, block=0, replication=0)[1]
        expected.append(CONTEXT_KEPT if random_numbers.uniform(word) < 0.5 else CONTEXT_LOST)
    assert made.at("visit_context").tolist() == expected
    assert {CONTEXT_KEPT, CONTEXT_LOST} <= set(expected[3:])
    assert made.c.last_channel[0].tolist() == [1] * 6
    assert made.counted("handovers")[0] == 4
    assert made.counted("contexts_lost")[0] == expected.count(CONTEXT_LOST)


def test_who_came_before_there_was_a_choice_came_to_the_counter():
    """What she was told there does not come with her, whether or not another firm had channels before this one."""
    made = small(3, open=("counter", "phone"))
    made.c.encounters[0] = [0, 1, 5]
    made.visits([0, 1, 2], [0, 0, 0])
    made.at("visit_channel")[:] = [1, 1, 0]
    made.run("channels", hand_over)
    assert made.at("visit_context").tolist() == [NO_HANDOVER, CONTEXT_LOST, NO_HANDOVER]
    assert made.c.last_channel[0].tolist() == [1, 1, 0]

    dated = [{"name": "more", "from": 20, "set": {OPEN: ["counter", "phone"]}}]
    alone, beside = (
        after(market(changes=dated, firms=[{"name": "north"}, {"name": "east", "channels": {"open": names}}]))
        for names in (["counter"], ["counter", "self_service"])
    )
    told_again = [world.tallied("handovers")[20:, 0].sum() for world in (alone, beside)]
    assert told_again[0] > 0.7 * told_again[1] > 0


def test_sharing_that_staff_do_not_use_keeps_no_context():
    made = small(3, open=["counter", "phone"], shared_records=0.99)
    made.c.last_channel[0], made.c.known[0], made.c.context_use[:] = 0, 1, 0.0
    made.visits(range(3), [0] * 3)
    made.passing.visit_channel[:3] = 1
    made.run("channels", hand_over)
    assert made.at("visit_context").tolist() == [CONTEXT_LOST] * 3


def test_what_falls_short_and_how_thin_contact_is():
    """E-mail: 0.04 (1 - 0.5) short, and 0.1 for a lost context; its richness of 0.4 in the place of the firm's 0.8."""
    made = small(3, open=["counter", "e_mail"], remote_quality=0.5)
    made.visits([0, 1, 2], [0, 0, 0])
    made.passing.visit_channel[:3], made.passing.visit_context[:3] = [0, 2, 2], [2, 1, 2]
    made.passing.performance_shift[:3] = made.passing.richness_shift[:3] = 0.0
    made.run("channels", fall_short)
    np.testing.assert_allclose(made.at("performance_shift"), [-0.1, -0.02, -0.12], rtol=1e-6)
    made.run("channels", thin_contact)
    np.testing.assert_allclose(made.at("richness_shift"), [0.0, -0.4, -0.4], rtol=1e-6)
    made.run("switching_cost", grow_bond)
    np.testing.assert_allclose(made.c.personal_bond[0], [0.05 * 0.8, 0.05 * 0.4, 0.05 * 0.4], rtol=1e-5)


@given(st.floats(0, 0.99), st.floats(-1, 1, width=32), st.floats(0, 1, width=32))
@settings(max_examples=examples(30), deadline=None)
def test_a_bond_stays_a_share_whatever_is_added_to_richness(richness, shift, bond):
    made = Small(1, [{"service": {"richness": richness}}], switching_cost={"bond_rate": 1.0})
    made.c.personal_bond.fill(bond)
    made.visits([0], [0])
    made.passing.richness_shift[0] = shift
    made.run("switching_cost", grow_bond)
    assert bond - 1e-6 <= made.c.personal_bond[0, 0] <= 1.0 + 1e-6


def test_visits_are_counted_and_paid_by_channel():
    """Phone saves 25 cents and its quality costs 0.2 ln 2 = 14 (13.86): -11 cents. Fixed: 15 + 25 cu by 1,000."""
    made = small(3, open=["counter", "phone", "self_service"], remote_quality=0.5, shared_records=0.5, sharing_cost=0.2)
    made.visits([0, 1, 2], [0, 0, 0])
    made.passing.visit_channel[:3], made.passing.transaction[:3] = [0, 1, 5], [0.5, 0.25, 1.0]
    made.passing.visit_cost[:3] = 100
    made.run("channels", add_channel_cost)
    assert made.at("visit_cost").tolist() == [100, 89, 44]
    made.run("channels", count_channels)
    assert made.counted("channel_handling")[0] == -11 - 56
    assert np.array(made.counted("channel_visits"))[:, 0].tolist() == [1, 1, 0, 0, 0, 1]
    sums = np.array(made.counted("channel_transaction"))[:, 0] / FIXED_POINT
    assert sums.tolist() == [0.5, 0.25, 0.0, 0.0, 0.0, 1.0]
    assert made.counted("richness_sum")[0] / FIXED_POINT == pytest.approx(0.8 + 0.4 + 0.1, abs=1e-5)
    made.run("channels", book_channels)
    assert made.counted("channel_upkeep")[:2] == [4000 * 3, 0]
    made.world.lookup("known_customers", 0)[:2] = [10, 10]
    made.run("channels", book_sharing)
    assert made.counted("record_sharing")[:2] == [10 * 1386, 0]


def test_touch_points_differ_by_the_spread_of_their_means():
    """Means 0.8 on three visits and 0.4 on one: mean 0.7, variance (3 * 0.01 + 0.09) / 4 = 0.03."""
    counts = {
        "channel_visits": np.array([[3.0, 5.0, 0], [1.0, 0.0, 0], [0.0, 0.0, 0]]),
        "channel_transaction": np.array([[2.4, 1.0, 0], [0.4, 0.0, 0], [0.0, 0.0, 0]]),
    }
    found = touch_point_spread(Tallied(counts, 52, 1))
    np.testing.assert_allclose(found, [np.sqrt(0.03), 0.0], atol=1e-9)


@given(
    names=st.lists(st.sampled_from(CHANNELS), min_size=1, unique=True).filter(lambda names: names != ["counter"]),
    quality=st.floats(0, 0.99),
    shared=st.floats(0, 0.99),
    discount=st.floats(0, 0.9),
)
@settings(max_examples=examples(8), deadline=None)
def test_shares_are_shares_and_every_visit_has_a_channel_that_is_open(names, quality, shared, discount):
    levers = {"open": names, "remote_quality": quality, "shared_records": shared, "self_service_discount": discount}
    scenario = market(customers=120, periods=15).replace(
        {"firms.north.channels": levers, "channels.appeal_spread": 3.0}
    )
    found = record(scenario, 5, kpis=SHARES)
    values = found.summary(SHARES)
    assert ((values >= 0) & (values <= 1) | np.isnan(values)).all()
    visits, by_channel = found.tallies["visits"][:, :2], found.tallies["channel_visits"][:, :, :2]
    np.testing.assert_array_equal(by_channel.sum(axis=1), visits)
    closed = [c for c, name in enumerate(CHANNELS) if name not in names]
    assert by_channel[:, closed, 0].sum() == 0
    assert by_channel[:, 1:, 1].sum() == 0


def test_a_counter_alone_is_the_market_without_channels():
    with_, without = market(), market().replace({"channels": None})
    assert [step.name for step in with_.steps()] == [step.name for step in without.steps()]
    found, plain = after(with_), after(without)
    for name in plain.tallies:
        np.testing.assert_array_equal(found.tallied(name), plain.tallied(name), err_msg=name)
    assert "channel_pull" not in found.customers


def test_a_counter_that_everybody_prefers_by_far_is_nearly_the_same_as_a_counter_alone():
    """At the limit nobody comes by the channel, and nothing but its fixed cost is left."""
    disliked = market({"appeal": [-50.0] * 5, "appeal_spread": 0.0}).replace({OPEN: ["counter", "chat"]})
    found, plain = after(disliked), after(market())
    np.testing.assert_array_equal(found.tallied("visits"), plain.tallied("visits"))
    np.testing.assert_array_equal(found.tallied("revenue"), plain.tallied("revenue"))
    assert found.tallied("channel_upkeep")[:, 0].sum() == pytest.approx(40 * 12.0 * 0.6)


def test_the_bits_do_not_depend_on_threads_and_tiles():
    scenario = market(customers=700).replace({
        OPEN: list(CHANNELS), "firms.north.channels.shared_records": 0.5, "firms.east.channels.open": ["phone", "chat"],
        "firms.north.channels.self_service_discount": 0.1,
    })  # fmt: skip
    one = after(scenario)
    for other in (after(scenario, threads=3), after(scenario, tile=64)):
        np.testing.assert_array_equal(one.history, other.history)
        np.testing.assert_array_equal(one.customers.last_channel, other.customers.last_channel)
        np.testing.assert_array_equal(one.customers.personal_bond, other.customers.personal_bond)
    assert set(np.unique(one.customers.last_channel[1])) == {1, 4, 255}


def test_channels_are_kept_over_the_phase_in_which_contacts_are_handled():
    sections = {"complaint": {}, "recovery": {}, "customer_classes": {}, "contact_centre": {}}
    scenario = market(**sections).replace({OPEN: ["counter", "chat"], "firms.north.contact_centre.agents": 2})
    world = after(scenario)
    np.testing.assert_array_equal(world.tallied("channel_visits").sum(axis=1)[:, :2], world.tallied("visits")[:, :2])
    assert world.tallied("channel_visits")[:, 4, 0].sum() > 0
    assert world.tallied("channel_visits")[:, [1, 2, 3, 5], 0].sum() == 0


def test_kernels_are_sound():
    abm.check_kernels(
        market().replace({OPEN: list(CHANNELS), "firms.north.channels.self_service_discount": 0.2}), customers=200
    )


def test_a_channel_opened_during_a_run_is_used_from_then_on():
    engine = Engine(market(), 5)
    engine.run(10)
    engine.set_firm(0, engine.levers.firms[0].replace({"channels.open": ["phone"]}))
    engine.run(10)
    by_channel = engine.world.tallied("channel_visits")[:, :, 0]
    assert by_channel[:10].sum() == 0 or by_channel[:10, 1:].sum() == 0
    assert by_channel[10:20, 0].sum() == 0 < by_channel[10:20, 1].sum()


def test_distant_channels_cost_the_bond_and_a_closed_counter_costs_those_who_like_it():
    """Of those for whom the remote channels are hardly anything, more leave than of those who like them."""
    scenario = market(customers=1500, periods=60)
    counter, both, remote = (
        after(scenario.replace({OPEN: names}))
        for names in (["counter"], ["counter", "self_service"], ["phone", "self_service"])
    )
    bonds = [world.customers.personal_bond[0].mean() for world in (counter, both, remote)]
    assert bonds[0] > bonds[1] + 0.01 > bonds[2] + 0.02
    pulls = remote.customers.channel_pull
    likes = pulls[1] + pulls[5] > np.median(pulls[1] + pulls[5])
    lost = [
        (counter.customers.encounters[0][rows].sum() - remote.customers.encounters[0][rows].sum())
        / counter.customers.encounters[0][rows].sum()
        for rows in (likes, ~likes)
    ]
    assert lost[1] > lost[0] + 0.1


def test_shared_records_keep_contexts_and_good_running_evens_out_touch_points():
    many = market(customers=1500, periods=60).replace({OPEN: list(CHANNELS)})
    arms = [{}, {"firms.north.channels.shared_records": 0.9}, {"firms.north.channels.remote_quality": 0.9}]
    kpis = (lost_context_share, touch_point_spread, lever_cost)
    plain, shared, good = (record(many.replace(arm), 5, kpis=kpis).summary(kpis)[0] for arm in arms)
    assert plain[0] == 1.0
    assert shared[0] < 0.4
    assert good[1] < plain[1]
    assert min(shared[2], good[2]) > plain[2]


@pytest.mark.parametrize(
    "names", [["counter", name] for name in CHANNELS[1:]] + [list(CHANNELS), ["self_service"], ["phone", "chat"]]
)
def test_no_choice_of_channels_is_a_free_lunch(names):
    scenario = market(customers=600, periods=104).replace({"firms.north.information.data_coverage": 0.0})
    usual, found = (
        np.mean([record(one, 5, replication).summary((profit,))[0, 0] for replication in range(2)])
        for one in (scenario, scenario.replace({OPEN: names}))
    )
    assert found <= 1.25 * usual


@pytest.mark.parametrize(
    ("levers", "said"),
    [
        ({"open": ["telephone"]}, r"open names 'telephone'.*channels: "),
        ({"open": ["phone", "phone"]}, "names 'phone' twice"),
        ({"open": []}, "names no channel"),
        ({"handling_costs": [0.1]}, "handling_costs has 1 entries; give 5"),
        ({"remote_quality": 1.0}, "remote_quality"),
    ],
)
def test_bad_input_is_refused_in_one_line(levers, said):
    with pytest.raises(Refusal, match=said) as caught:
        ChannelsPolicy.parse(levers)
    assert "\n" not in str(caught.value)


def test_what_cannot_go_together_is_refused():
    with pytest.raises(Refusal, match=r"'east' sets channels.shared_records, but knows nobody"):
        market().replace({"firms.east.channels.shared_records": 0.5})
    with pytest.raises(Refusal, match=r"'north' has waiting_line.servers, where whoever visits stands in line"):
        market(waiting_line={}).replace({OPEN: ["phone"], "firms.north.waiting_line.servers": 2})
    with pytest.raises(Refusal, match="appeal has 2 entries; give 5"):
        market({"appeal": [0.0, 0.0]})
    with pytest.raises(Refusal, match="has channels, but no information for it to work on"):
        Scenario.parse({"channels": {}})
