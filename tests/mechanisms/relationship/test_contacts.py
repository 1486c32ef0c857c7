"""Contacts: who is reached, what it costs, and what too many do."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.value import lever_cost
from abm.mechanisms.relationship.contacts import annoying_share, data_accuracy, welcome


@abm.kernel
def approach_everybody(approaches, often, customer_id, lo, hi, t):
    """Approach each customer of the first firm `often` times a period.  approaches (m, tile)  [written]"""
    for i in range(lo, hi):
        approaches[0, i - lo] += often


class Pestering(abm.Mechanism):
    """Contacts for their own sake."""

    name = "pestering"
    needs: ClassVar = ("contacts",)
    often: float = abm.param(1.0, unit="contacts/period", bounds=(0, 100), evidence="assumed", doc="approaches")

    def schedule(self, policies):
        return ((abm.Phase.CONTACT, approach_everybody),) if self.often > 0 else ()


def market(often=0.0, contacts=None, **policy):
    firms = [
        {"name": "north", "information": {"data_coverage": 1.0}, "contacts": policy},
        {"name": "east", "information": {"data_coverage": 1.0}},
    ]
    scenario = abm.Scenario.parse(
        {
            "periods": 40,
            "population": {"customers": 600, "purchase_rate": 0.5},
            "information": {},
            "contacts": contacts or {},
            "firms": firms,
        }
    )
    return scenario.adding(Pestering(often=often))


def after(scenario, threads=1):
    engine = Engine(scenario, 5, threads=threads)
    engine.run(scenario.periods)
    return engine.world


@given(load=st.floats(0, 100, width=32), tolerated=st.floats(0.01, 100))
def test_a_contact_is_less_welcome_the_more_there_have_been(load, tolerated):
    found = float(welcome(np.float32(load), np.float32(tolerated)))
    assert -1.0 <= found <= 1.0
    assert (found < 0) == (np.float32(load) / np.float32(tolerated) > 1)


def test_without_approaches_nothing_changes_but_the_cost_of_upkeep():
    scenario = market(data_upkeep=0.5)
    silent, without = after(scenario), after(market().replace({"contacts": None, "extras": ()}))
    for name in without.tallies:
        np.testing.assert_array_equal(silent.tallied(name), without.tallied(name), err_msg=name)
    assert silent.tallied("contacts_made").sum() == 0 < silent.tallied("upkeep_spend").sum()


def test_each_contact_is_paid_for_and_only_known_customers_are_approached():
    found = record(market(often=2.0, contact_cost=0.25), 5, kpis=(lever_cost,)).tallies
    made = found["contacts_made"][:, 0]
    assert made[-1] > 0
    np.testing.assert_allclose(found["contact_spend"][:, 0], 0.25 * made)
    known_before = np.concatenate([[0], found["known_customers"][:-1, 0]])
    np.testing.assert_array_equal(made, 2 * known_before)
    assert found["contacts_made"][:, 1].sum() == 0


def test_data_go_out_of_date_and_upkeep_mends_them():
    decaying = {"data_decay": 0.05}
    left, kept = (record(market(often=1.0, contacts=decaying, data_upkeep=u), 5).tallies for u in (0.0, 0.5))
    accuracy = [one["reachable_customers"][-1, 0] / one["known_customers"][-1, 0] for one in (left, kept)]
    assert accuracy[0] < 0.5
    assert accuracy[1] == pytest.approx(0.5 / 0.55, abs=0.05)  # where as many are mended as go out of date
    assert left["contacts_received"][-5:, 0].sum() < kept["contacts_received"][-5:, 0].sum()
    assert kept["upkeep_spend"][:, 0].sum() > 0 == left["upkeep_spend"][:, 0].sum()


def test_without_decay_everybody_who_is_known_is_reached():
    found = record(market(often=1.0, contacts={"data_decay": 0.0}), 5).tallies
    np.testing.assert_array_equal(found["contacts_made"], found["contacts_received"])


def test_too_many_contacts_annoy_and_few_do_not():
    few, many = (record(market(often=often, contacts={"data_decay": 0.0}), 5).tallies for often in (1.0, 6.0))
    assert few["contacts_annoying"].sum() == 0
    assert many["contacts_annoying"][:, 0].sum() > 0.8 * many["contacts_received"][:, 0].sum()
    assert many["visits"][20:, 0].sum() < few["visits"][20:, 0].sum()


def test_the_load_settles_at_the_contacts_of_a_period():
    c = after(market(often=1.25, contacts={"data_decay": 0.0, "kept": 0.5})).customers
    early = (c.known[0] > 0) & (c.seen_last[0] < 10)
    np.testing.assert_allclose(c.contact_load[0][early], 1.0, atol=1e-3)  # approaches are whole: 1.25 is 1


def test_shares_and_threads():
    scenario = market(often=3.0, contacts={"data_decay": 0.1}, data_upkeep=0.2)
    one, two = after(scenario), after(scenario, threads=2)
    for name in ("reachable", "contact_load", "trust", "affective_commitment"):
        np.testing.assert_array_equal(one.customers[name], two.customers[name])
    table = abm.simulate(scenario, 5, kpis=(data_accuracy, annoying_share))
    values = table.loc[table.firm == "north", ["data_accuracy", "annoying_share"]].to_numpy()[1:]
    assert ((values >= 0) & (values <= 1)).all()


def test_it_needs_what_firms_know():
    with pytest.raises(Refusal, match="information"):
        abm.Scenario.parse({"contacts": {}, "firms": [{"name": "north"}]})


def test_kernels_keep_to_their_rows():
    abm.check_kernels(market(often=3.0, data_upkeep=0.2))
