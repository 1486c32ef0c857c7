"""Logs of givers that are held out in part: their data, the closed forms of their claims, and small runs."""

import numpy as np
import pandas as pd
import pytest

import abm
from abm.core.errors import Refusal
from abm.logs.alike_drop_out import fit_alike_drop_out
from abm.logs.bgbb import conditional_bgbb, expected_bgbb, fit_bgbb
from abm.replication.claims import read_claims
from abm.replication.paper import folder_of_papers, read_paper
from abm.value.alive import purchases_ahead

PAPERS = folder_of_papers()


def published(name):
    """Return the published numbers of a paper, by claim."""
    return {claim.claim: claim.published for claim in read_claims(PAPERS / name / "targets.csv")}


def ours(name, *sets):
    return abm.replicate(name, sets).set_index("claim").ours


@pytest.fixture(scope="module")
def supporters():
    table = pd.read_csv(PAPERS / "fader_hardie_shang_2010" / "donations.csv")
    return table, fit_bgbb(*(table[name] for name in ("frequency", "recency", "periods", "weights")))


def test_gifts_held_out_add_up(supporters):
    """13,260 gifts by year and by times given before; the supporters are those of the fitted years."""
    held_out = read_paper(PAPERS, "fader_hardie_shang_2010", []).settings["held_out"]
    assert sum(held_out["years"]) == sum(held_out["by_times_given"]) == 13_260
    table, _ = supporters
    assert held_out["supporters"] == list(table.groupby("frequency")["weights"].sum())
    assert held_out["silent"] < sum(held_out["supporters"]) == 11_104


def test_forecasts_of_supporters_are_the_closed_forms(supporters):
    table, model = supporters
    claims = published("fader_hardie_shang_2010")
    yearly = np.diff(model.n * expected_bgbb(model, np.arange(6, 12)))
    out = "out of sample: simulated gifts of"
    assert claims[f"{out} 2002-2006 below those that came (%)"] == pytest.approx(100 * (1 - yearly.sum() / 13_260))
    assert claims[f"{out} 2002 below those that came (%)"] == pytest.approx(100 * (1 - yearly[0] / 3110))
    assert claims[f"{out} 2006 above those that came (%)"] == pytest.approx(100 * (yearly[-1] / 1936 - 1))
    ahead = conditional_bgbb(model, 5, *(table[name] for name in ("frequency", "recency", "periods")))
    for times, words in ((0, "none"), (6, "all")):  # who have one history each
        came = {0: 604 / 3464, 6: 4252 / 1203}[times]
        claim = (
            f"out of sample: simulated gifts in 2002-2006 of one who gave in {words} of six years, less those that came"
        )
        assert claims[claim] == pytest.approx(ahead[table["frequency"] == times].item() - came)


def test_a_small_market_of_supporters():
    found = ours("fader_hardie_shang_2010", "population.customers=3000", "replications=3")
    assert found["out of sample: simulated gifts of 2006 above those that came (%)"] == pytest.approx(19.8, abs=8)
    chi_square = next(claim for claim in found.index if "chi-square" in claim)
    assert found[chi_square] == pytest.approx(21, abs=4 * np.sqrt(42 / 3))
    fewer = ours("fader_hardie_shang_2010", "population.customers=3000", "replications=2", "paper.fitted_years=4")
    assert fewer["simulated supporters: of 11,104, those who give in all six years"] > 1400  # in all four


def test_donors_are_those_of_the_description():
    """748 donors, of whom 178, 23.8 %, gave in March 2007; a volume of 1,031,250 c.c. is 4,125 gifts."""
    table = pd.read_csv(PAPERS / "yeh_yang_ting_2008" / "donors.csv")
    many = table["donors"]
    assert many.sum() == 748
    assert table["gave"].sum() == 178
    assert [int(many @ table[name]) for name in ("gifts", "months", "silent")] == [4125, 25_643, 7111]
    assert (table["silent"] <= table["months"]).all()
    assert (table["gave"] <= many).all()
    assert not table[["gifts", "months", "silent"]].duplicated().any()


def test_forecasts_of_donors_are_the_closed_forms():
    table = pd.read_csv(PAPERS / "yeh_yang_ting_2008" / "donors.csv")
    log = table.loc[table.index.repeat(table["donors"])]
    t, claims = log["months"].to_numpy(np.float64), published("yeh_yang_ting_2008")
    model = fit_alike_drop_out(log["gifts"] - 1, log["months"] - log["silent"], t)
    r, alpha, p = model.r, model.alpha, model.dropout
    repeat = np.mean([purchases_ahead(model, time, [0], [0], [0])[0] for time in t])
    month = np.mean((alpha / (alpha + p * t)) ** r - (alpha / (alpha + p * t + 1)) ** r)
    made = "simulated donors:"
    assert claims[f"{made} repeat gifts in the time of the log's history"] == pytest.approx(repeat)
    assert claims[f"{made} share without a second gift in it"] == pytest.approx(np.mean((alpha / (alpha + t)) ** r))
    assert claims[f"{made} share who give in the month after the log's history"] == pytest.approx(month)


def test_a_small_market_of_donors():
    """Chances tell donors apart, and foretell half as many gifts as came, by formula and by simulation."""
    found = ours("yeh_yang_ting_2008", "population.customers=2992", "replications=2")
    assert found["out of sample: how often one who gave had a higher chance than one who did not"] > 0.7
    off = "out of sample: share foretold by formula from each one's history to give in March 2007, less those who gave"
    simulated = found["out of sample: simulated share who give in March 2007, less those who gave"]
    assert found[off] == pytest.approx(-0.126, abs=0.002)
    assert simulated == pytest.approx(found[off], abs=4 * np.sqrt(0.11 * 0.89 / 5984))
    with pytest.raises(Refusal, match="periods = 98 ends before the month ahead"):
        abm.replicate("yeh_yang_ting_2008", ["periods=98"])
