"""Personalisation: needs in three layers, what is noted of them, offers that follow, and when it pays."""

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
from abm.kpis.value import lever_cost
from abm.mechanisms.relationship.personalisation import individual_share, misfit_share, offer_match
from abm.mechanisms.relationship.personalisation_kernels import (
    add_fit,
    add_personal_cost,
    book_differentiation,
    change_needs,
    count_personal,
    foresee_match,
    make_offers,
    match,
    note_needs,
    noted_after,
)
from abm.scenario.scenario import Scenario
from abm.world.columns import FIXED_POINT
from tests.examples import examples
from tests.mechanisms.bits import ran
from tests.mechanisms.small import Small
from tests.reference import random_numbers

after = partial(ran, seed=5)

STEPS = {"interaction": 0.6, "differentiation": 0.6, "customisation": 0.7}
WEIGHTS = (np.float32(0.3), np.float32(0.4), np.float32(0.3))
KPIS = (offer_match, individual_share, misfit_share)
unit = st.floats(0, 1, width=32)


def market(steps=None, personalisation=None, customers=600, periods=40, coverage=0.8, **sections):
    data = {
        "periods": periods,
        "population": {"customers": customers, "purchase_rate": 0.6},
        "information": {},
        "personalisation": personalisation or {},
        "firms": [
            {"name": "north", "information": {"data_coverage": coverage}, "personalisation": steps or {}},
            {"name": "east", "information": {"data_coverage": 0.5}},
        ],
        **sections,
    }
    return Scenario.parse(data)


def small(customers=2, personalisation=None, **steps):
    """Return two firms, of which the first takes some steps and knows all, who were seen on three visits."""
    firms = ({"information": {"data_coverage": 1.0}, "personalisation": steps}, {})
    made = Small(customers, firms, information={}, customer_accounts={}, personalisation=personalisation or {})
    for name in ("known", "seen_visits"):
        if name in made.c:
            made.c[name][0] = 1 if name == "known" else 3
    return made


def words(draw, i=0, t=0, nth=0):
    key = random_numbers.stream_key(1, "personalisation")
    found = random_numbers.customer_words(key, i, t, draw=draw, block=nth, replication=0)
    return [random_numbers.uniform(word) for word in found]


class TestMatch:
    def test_by_hand(self):
        """Needs 0.9, 0.1, 0.5; notes 0.8, 0.5, 0.7; half the way: offers 0.65, 0.5, 0.6, missed by 0.25, 0.4, 0.1."""
        needs, notes = np.float32([0.9, 0.1, 0.5]), np.float32([0.8, 0.5, 0.7])
        found = float(match(*needs, *notes, np.float32(0.5), *WEIGHTS))
        assert found == pytest.approx(1 - 0.3 * 0.25 - 0.4 * 0.4 - 0.3 * 0.1, abs=1e-6)
        assert float(match(*needs, *notes, np.float32(0.0), *WEIGHTS)) == pytest.approx(1 - 0.3 * 0.4 - 0.4 * 0.4)

    @given(st.lists(unit, min_size=3, max_size=3), st.lists(unit, min_size=3, max_size=3), st.floats(0, 0.99))
    def test_it_is_a_share(self, needs, notes, customisation):
        found = float(match(*np.float32(needs), *np.float32(notes), np.float32(customisation), *WEIGHTS))
        assert 0.0 <= found <= 1.0

    @given(st.lists(unit, min_size=3, max_size=3), st.floats(0, 0.9), st.floats(0.01, 0.09))
    def test_right_notes_bring_the_offer_nearer_the_more_it_follows_them(self, needs, customisation, more):
        n = np.float32(needs)
        less, further = (float(match(*n, *n, np.float32(c), *WEIGHTS)) for c in (customisation, customisation + more))
        assert further >= less - 1e-6

    @given(unit, unit, st.floats(-20, 20, width=32), unit)
    def test_what_is_noted_stays_in_range(self, noted, need, wrong, uptake):
        found = float(noted_after(np.float32(noted), np.float32(need), np.float32(wrong), np.float32(uptake)))
        assert -1e-6 <= found <= 1 + 1e-6


def test_needs_are_drawn_where_the_page_says():
    """Stream personalisation, period 0, draw 0, block 0, words 0 to 2: 0.5 + 0.4 (u - 0.5)."""
    scenario = market(STEPS, {"need_spread": 0.4}, customers=5)
    needs = Engine(scenario, 3, replication=2).world.customers.need_layer
    key = random_numbers.stream_key(3, "personalisation")
    for i in range(5):
        found = random_numbers.customer_words(key, i, 0, draw=0, block=0, replication=2)[:3]
        expected = [0.5 + 0.4 * (random_numbers.uniform(word) - 0.5) for word in found]
        np.testing.assert_allclose(needs[:, i], expected, atol=1e-6)


def test_layers_change_one_by_one():
    made = small(200, {"need_change": 0.3}, customisation=0.5)
    before = made.c.need_layer.copy()
    made.run("personalisation", change_needs, 4)
    for i in range(200):
        luck, fresh = words(1, i, 4), words(2, i, 4)
        for layer in range(3):
            expected = fresh[layer] if luck[layer] < 0.3 else before[layer, i]
            assert made.c.need_layer[layer, i] == pytest.approx(expected, abs=1e-6)
    assert 0.2 < (made.c.need_layer != before).mean() < 0.4


def test_offers_go_to_who_is_known_and_comes_often_enough():
    """Needs at 0.9, notes right, half the way: missed by 0.2 instead of 0.4 in each layer, a match 0.2 closer."""
    made = small(4, customisation=0.5, individual_from=2)
    made.c.need_layer.fill(0.9)
    for name in ("noted_expressed", "noted_real", "noted_latent"):
        made.c[name].fill(0.9)
    made.c.known[0, 1], made.c.seen_visits[0, 2] = 0, 1
    made.visits([0, 1, 2, 3], [0, 0, 0, 1])
    made.run("personalisation", make_offers)
    np.testing.assert_allclose(made.at("visit_match"), [0.8, 0.6, 0.6, 0.6], atol=1e-6)
    np.testing.assert_allclose(made.at("visit_gain"), [0.2, 0.0, 0.0, 0.0], atol=1e-6)
    assert made.at("visit_individual").tolist() == [1, 0, 0, 0]
    made.passing.performance_shift[:4] = 0.1
    made.run("personalisation", add_fit)
    np.testing.assert_allclose(made.at("performance_shift"), [0.14, 0.1, 0.1, 0.1], atol=1e-6)
    made.passing.utility[:, :4] = 1.0
    made.run("personalisation", foresee_match)
    np.testing.assert_allclose(made.passing.utility[:, :4], [[1.2, 1.0, 1.0, 1.2], [1.0] * 4], atol=1e-6)


def test_staff_who_do_not_use_what_is_known_make_the_standard_offer():
    made = small(1, customisation=0.9)
    made.c.need_layer.fill(0.9)
    made.c.noted_expressed.fill(0.9)
    made.c.profile_use[:] = 0.0
    made.visits([0], [0])
    made.run("personalisation", make_offers)
    assert made.at("visit_gain").tolist() == [0.0]


def test_notes_by_hand():
    """Talked to by word 0 of draw 3; revealed by words 1 to 3; wrong by (1 - 0.5) 0.2 z of draw 4; 0.6 of the way."""
    made = small(300, {"note_error": 0.2, "uptake": 0.6}, interaction=0.5, differentiation=0.5)
    made.c.known[0, 299] = 0
    made.c.noted_real[0, 299] = 0.9
    made.visits(range(300), [0] * 300)
    made.run("personalisation", note_needs, 3)
    notes = [made.c[f"noted_{layer}"][0] for layer in ("expressed", "real", "latent")]
    seen = np.zeros(3)
    for i in range(299):
        talk, *revealed = words(3, i, 3)
        wrong = words(4, i, 3)
        for layer, chance in enumerate((0.9, 0.6, 0.3)):
            if talk < 0.5 and revealed[layer] < chance:
                need = made.c.need_layer[layer, i] + 0.1 * random_numbers.normal(wrong[layer])
                assert notes[layer][i] == pytest.approx(0.5 + 0.6 * (min(max(need, 0), 1) - 0.5), abs=1e-5)
                seen[layer] += 1
            else:
                assert notes[layer][i] == 0.5
    assert seen[0] > seen[1] > seen[2] > 0
    assert [note[299] for note in notes] == [0.5] * 3


def test_each_step_is_paid_and_counted():
    """0.1 ln 2 = 7 cents a known visitor, 0.3 ln 2 = 21 cents an own offer, 100 ln 2 / 100 a record: 69."""
    made = small(3, interaction=0.5, differentiation=0.5, customisation=0.5)
    made.c.known[0] = [1, 1, 0]
    made.visits([0, 1, 2], [0, 0, 0])
    made.passing.visit_individual[:3], made.passing.visit_gain[:3] = [1, 1, 0], [-0.1, 0.1, 0.0]
    made.passing.visit_match[:3], made.passing.visit_cost[:3] = [0.25, 0.5, 1.0], 100
    made.run("personalisation", add_personal_cost)
    assert made.at("visit_cost").tolist() == [128, 128, 100]
    made.run("personalisation", count_personal)
    counted = {name: made.counted(name)[0] for name in ("matched_visits", "individual_visits", "misfits")}
    assert counted == {"matched_visits": 3, "individual_visits": 2, "misfits": 1}
    assert made.counted("match_sum")[0] == 1.75 * FIXED_POINT
    assert (made.counted("interaction_spend")[0], made.counted("customisation_spend")[0]) == (14, 42)
    made.world.lookup("known_customers", 0)[:2] = [10, 10]
    made.run("personalisation", book_differentiation)
    assert made.counted("differentiation_spend")[:2] == [690, 0]


def test_without_a_step_it_is_the_market_without_personalisation():
    with_, without = market(), market().replace({"personalisation": None})
    assert [step.name for step in with_.steps()] == [step.name for step in without.steps()]
    found, plain = after(with_), after(without)
    for name in plain.tallies:
        np.testing.assert_array_equal(found.tallied(name), plain.tallied(name), err_msg=name)
    assert "need_layer" not in found.customers


def test_nobody_who_differs_gains_nothing_at_the_limit():
    """With all needs at the standard offer and no error there is nothing to find out: only the cost is left."""
    alike = market(STEPS, {"need_spread": 0.0, "note_error": 0.0})
    found, plain = after(alike), after(market())
    np.testing.assert_array_equal(found.tallied("revenue"), plain.tallied("revenue"))
    assert found.tallied("match_sum")[:, 0].sum() == found.tallied("matched_visits")[:, 0].sum()
    assert found.tallied("customisation_spend")[:, 0].sum() > 0


@given(st.floats(0, 0.99), st.floats(0, 0.99), st.floats(0, 0.99), st.floats(0, 1), st.floats(0, 3))
@settings(max_examples=examples(8), deadline=None)
def test_shares_are_shares_and_customers_are_counted_once(interaction, differentiation, customisation, change, error):
    steps = {"interaction": interaction, "differentiation": differentiation, "customisation": max(customisation, 0.01)}
    scenario = market(steps, {"need_change": change, "note_error": error}, customers=120, periods=15)
    found = record(scenario, 5, kpis=KPIS)
    values = found.summary(KPIS)
    assert ((values >= 0) & (values <= 1) | np.isnan(values)).all()
    np.testing.assert_array_equal(found.tallies["matched_visits"][:, :2], found.tallies["visits"][:, :2])
    assert (found.tallies["individual_visits"] <= found.tallies["visits"])[:, :2].all()


def test_columns_stay_in_range_and_the_bits_do_not_depend_on_threads_and_tiles():
    scenario = market(STEPS, {"note_error": 2.0, "need_change": 0.1}, customers=700)
    one = after(scenario)
    for other in (after(scenario, threads=3), after(scenario, tile=64)):
        np.testing.assert_array_equal(one.history, other.history)
        for name in ("need_layer", "noted_expressed", "noted_real", "noted_latent"):
            np.testing.assert_array_equal(one.customers[name], other.customers[name])
            assert one.customers[name].min() >= 0.0
            assert one.customers[name].max() <= 1.0
    assert (one.customers.noted_expressed[1] == 0.5).all()
    assert (one.customers.noted_expressed[0] != 0.5).any()


def test_kernels_are_sound():
    abm.check_kernels(market(STEPS), customers=200)


def test_nothing_is_kept_of_who_refuses():
    """Consent: of who is not known on her latest visit nothing is noted, and her offers are the standard one."""
    scenario = market(STEPS, contacts={}, privacy={}, customers=800)
    scenario = scenario.replace({"firms.north.information.data_coverage": 0.9})
    c = after(scenario).customers
    refused = c.consent[0] == 2
    assert refused.sum() > 30
    assert (c.noted_expressed[0][refused] == 0.5).all()
    assert (c.noted_expressed[0][c.known[0] > 0] != 0.5).mean() > 0.5


def run(kpis, **settings_):
    return record(market(customers=1500, periods=80, **settings_), 5, kpis=kpis).summary(kpis)[0]


def test_what_one_to_one_brings_goes_by_knowledge_its_error_and_how_needs_change():
    full, loose = run(KPIS, steps=STEPS), run(KPIS, steps={**STEPS, "differentiation": 0.0})
    shifting = run(KPIS, steps=STEPS, personalisation={"need_change": 0.2})
    silent = run(KPIS, steps={**STEPS, "interaction": 0.0})
    assert silent[0] == pytest.approx(0.75, abs=0.01)
    assert silent[2] == 0.0
    assert full[0] > loose[0] + 0.01 > silent[0] + 0.02
    assert shifting[0] < silent[0] + 0.05
    assert shifting[2] > loose[2] > full[2]


def test_offers_from_many_visits_on_are_fewer_and_cost_less():
    kpis = (individual_share, lever_cost)
    all_, often = run(kpis, steps=STEPS), run(kpis, steps={**STEPS, "individual_from": 15})
    assert 0.1 < often[0] < all_[0] - 0.2
    assert often[1] < all_[1]


def test_bad_input_is_refused_in_one_line():
    with pytest.raises(Refusal, match="'north' sets personalisation, but knows nobody"):
        market(STEPS, coverage=0.0)
    with pytest.raises(Refusal, match=r"together they are 1"):
        market(personalisation={"latent_weight": 0.9})
    with pytest.raises(Refusal, match=r"customisation = 1.0 is outside"):
        market({"customisation": 1.0})
    with pytest.raises(Refusal, match="has personalisation, but no information for it to work on"):
        Scenario.parse({"personalisation": {}})
