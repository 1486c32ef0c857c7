"""The catalogue: complete, assumed first, and no memory passed off as print."""

from __future__ import annotations

import pytest

import abm
from abm.core.presets import word
from abm.core.sources import catalogue as known_sources
from abm.mechanisms.shipped import shipped
from abm.queues.queue import Queue
from abm.scenario.measures import ALL
from abm.view import catalogue


def test_assumed_parameters_come_first():
    order = [catalogue.EVIDENCE.index(row["evidence"]) for row in catalogue.parameters()]
    assert order == sorted(order)
    assert order[0] == 0


def test_every_parameter_has_unit_and_meaning():
    for row in catalogue.parameters():
        assert row["unit"], row["parameter"]
        assert row["meaning"], row["parameter"]


def test_memory_is_marked_wherever_a_parameter_cites_it():
    cited = [row for row in catalogue.parameters() if row["seen"] in ("memory", "secondary")]
    assert cited
    assert all("(from memory)" in row["source"] or "(seen in a secondary source)" in row["source"] for row in cited)
    assert not any(row["evidence"] == "measured" for row in cited)


def test_every_source_says_how_it_was_seen():
    rows = {row["source"]: row for row in catalogue.sources()}
    assert set(rows) == set(known_sources())
    assert rows["OLIVER_1980"]["status"] == "from memory: verify before citing"
    assert rows["NITZAN_LIBAI_2011"]["parameters"] == ["defection.contagion"]
    assert "not published" in rows["PROTOTYPE"]["status"]


def test_keys_of_sources_are_spelled_out():
    assert catalogue.cited("OLIVER_1980 (form)") == "Oliver 1980 (from memory) (form)"
    assert catalogue.cited("ANDERSON_1998 (U)") == "Anderson 1998 (U)"
    assert catalogue.cited("NOBODY_2001") == "NOBODY_2001"


def test_mechanisms_say_what_they_do_when():
    rows = catalogue.mechanisms()
    assert {row["mechanism"]: row["phases"] for row in rows}["learning"] == ["learning"]
    assert {row["mechanism"]: row["phases"] for row in rows}["defection"] == [], "nobody leaves by default"
    assert [row["mechanism"] for row in rows] == [kind.name for kind in shipped()]
    assert {row["on"] for row in rows if row["mechanism"] in ("trust", "recovery")} == {
        "unless it is off", "by a section [scenario.recovery]",
    }  # fmt: skip
    trust = next(row for row in rows if row["mechanism"] == "trust")
    assert "trust" in trust["owns"]
    assert "trust.growth" in trust["parameters"]
    assert trust["claim"].startswith("trust falls faster")
    assert trust["file"] == "abm/mechanisms/attitude/trust.py"


def test_all_kpis():
    assert [row["kpi"] for row in catalogue.kpis()] == [kpi.name for kpi in ALL]
    assert all(row["definition"] and row["unit"] for row in catalogue.kpis())


def test_every_preset_builds():
    own = [kind.policy for kind in shipped() if kind.policy is not None and kind.policy.presets]
    policies = {word(policy): policy for policy in own}
    for row in catalogue.presets():
        if row["kind"] == "scenario":
            assert abm.Scenario(preset=row["preset"])
        elif row["kind"] == "strategy":
            assert abm.Firm("north", preset=row["preset"]).preset == row["preset"]
        elif row["kind"] in policies:
            kind = policies[row["kind"]]
            assert kind(preset=row["preset"]).value_at("preset") == row["preset"]
        elif row["kind"] == "arrival profile":
            assert Queue(rate=1.0, profile=row["preset"]).profile.preset == row["preset"]
        else:
            assert row["preset"] == "cdnow"
    contract = next(row for row in catalogue.presets() if row["preset"] == "contract")
    assert contract["settings"]["choice.market"] == "lost_for_good"


def test_every_preset_says_what_it_is_about_and_follows():
    rows = {row["preset"]: row for row in catalogue.presets()}
    assert all(row["about"] and row["source"] for row in rows.values())
    assert rows["contract"]["source"] == "Jackson 1985 (from memory)"
    assert rows["tiers"]["source"] == "Drèze & Nunes 2009"
    assert rows["points"]["source"] == "assumed"


def test_studies_of_a_folder(tmp_path):
    (tmp_path / "b.toml").write_text('question = "Why?"\nreplications = 3\n[arms.none]\n[arms.x]\n')
    (tmp_path / "a.toml").write_text("seed = 1\nseed = 2\n")
    broken, sound = catalogue.experiments(tmp_path)
    assert sound == {"study": "b", "question": "Why?", "arms": ["none", "x"], "replications": 3, "problem": ""}
    assert "given twice" in broken["problem"]


def test_chosen_by_name_part_and_slip():
    rows = catalogue.parameters()
    assert catalogue.chosen(rows, None, "parameter") == (rows, False)
    found, exact = catalogue.chosen(rows, "word_of_mouth.contact_rate", "parameter")
    assert (len(found), exact) == (1, True)
    found, exact = catalogue.chosen(rows, "word_of_mouth.", "parameter")
    assert len(found) > 5
    assert not exact
    of_kind, exact = catalogue.chosen(catalogue.presets(), "care", "preset")
    assert {row["preset"] for row in of_kind} == {"basic", "reactive", "accountable", "proactive", "partnership"}
    assert not exact
    with pytest.raises(abm.Refusal, match="no parameter 'contact_rte'; did you mean 'contact_rate'"):
        catalogue.chosen(rows, "contact_rte", "parameter")
