"""The claims of the paper: `python papers/joss/regenerate.py` asks each again and writes the table in paper.md.

Each claim is a question to the program, in a form that anybody can ask. `--customers` and `--replications` run the
studies smaller. Speed is that of the machine, and so it is measured as a ratio.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import abm
from abm.bench.turns import mesa_ratio
from abm.logs.log_fit import fit_log
from abm.logs.purchases import purchase_days, read_log, shipped, summary
from abm.study.plan.overrides import overrides
from abm.view.markdown import table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BEGIN, END = "<!-- claims: written by regenerate.py -->", "<!-- end of claims -->"
COLUMNS = ("claim", "command", "number")
MAIN = "experiments/loyalty_programs.toml"


@dataclass(frozen=True)
class Size:
    """How large studies are run; 0 = as their files say."""

    customers: int = 0
    replications: int = 0

    def of(self, study: abm.Experiment) -> abm.Experiment:
        """Return a study at this size."""
        sets = [f"scenario.population.customers={self.customers}"] if self.customers else []
        return overrides(study, sets, self.replications or None)


@cache
def main_study(size: Size) -> abm.Results:
    """Return the results of the main study."""
    return abm.run(size.of(abm.load(ROOT / MAIN)))


def service_pays(size: Size) -> str:
    """Return what better service earns more than doing nothing."""
    found = main_study(size).paired("profit", "service_quality", against="none")
    return f"{found.mean:+.2f} [{found.low:.2f}, {found.high:.2f}] cu per customer and year"


def programmes_do_not(size: Size) -> str:
    """Return what the four programmes earn more than doing nothing, from the least to the most."""
    arms = ("points", "stamp_card", "endowed_stamp_card", "tiers")
    gains = sorted(main_study(size).paired("profit", arm, against="none").mean for arm in arms)
    return f"{gains[0]:+.2f} to {gains[-1]:+.2f}"


def shared_luck_saves(size: Size) -> str:
    """Return how many times fewer runs the differences from the baseline take than with separate luck."""
    results = main_study(size)
    saving = [results.paired("profit", arm, against="none").saving for arm in results.arms if arm != "none"]
    return f"{min(saving):.0f} to {max(saving):.0f} times"


def a_race_saves(size: Size) -> str:
    """Return the runs of a selection of the best arm, and those of one with separate luck and no elimination."""
    study = overrides(abm.load(ROOT / MAIN), ["scenario.population.customers=500"])
    found = abm.compare(size.of(study) if size.customers else study, "profit", zone=0.1)
    return f"{found.runs:,} instead of {found.runs_independent:,.0f} runs"


def log_is_fitted(_: Size) -> str:
    """Return the BG/NBD estimates of the shipped log."""
    log = read_log(shipped("cdnow"))
    found = fit_log(summary(log, end="1997-09-30"), purchase_days(log)).numbers()
    return ", ".join(f"{name} = {found[name]:.3f}" for name in ("r", "alpha", "a", "b"))


def facts_are_shown(size: Size) -> str:
    """Return what of the stylised facts the default market shows, as `patronage evidence` does."""
    market = abm.Scenario().replace({"population.customers": size.customers or 2000})
    card = abm.evidence(market, replications=size.replications or 10, seed=1)
    verdicts = card.groupby("fact")["verdict_of_fact"].first().value_counts()
    return ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())


def bits_are_the_same(size: Size) -> str:
    """Return whether one worker and two give the same digest of all numbers."""
    study = Size(300, 4).of(abm.load(ROOT / "experiments" / "member_gap.toml"))
    digests = {abm.run(study, workers=workers).canonical() for workers in (1, 2)}
    return "equal" if len(digests) == 1 else "different"


def is_quick(size: Size) -> str:
    """Return how many times more customer-periods a second than the same market in plain Mesa."""
    return f"{mesa_ratio(size.customers or 10_000):.0f} times"


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, the command that asks for it, and the function that gives its number."""

    words: str
    command: str
    number: Callable[[Size], str]


CLAIMS = (
    Claim("better service earns more than doing nothing, for 3 % of revenue", f"patronage run {MAIN}", service_pays),
    Claim("each of four programmes earns less than doing nothing", f"patronage run {MAIN}", programmes_do_not),
    Claim("shared luck saves replications of a paired difference", "results.paired(...).saving", shared_luck_saves),
    Claim(
        "a race finds the best of seven arms in few runs (500 customers)",
        f"patronage compare {MAIN} --kpi profit --zone 0.1 --set scenario.population.customers=500",
        a_race_saves,
    ),
    Claim(
        "BG/NBD of the CDNOW sample (published: .243, 4.414, .793, 2.426)",
        "fit_log(summary(log, end='1997-09-30'), purchase_days(log))",
        log_is_fitted,
    ),
    Claim("what the default market shows of 25 stylised facts", "patronage evidence", facts_are_shown),
    Claim("results with one worker and with two, bit by bit", "results.canonical()", bits_are_the_same),
    Claim("customer-periods a second, against the same market in plain Mesa", "patronage bench", is_quick),
)  # fmt: skip


def rows(size: Size) -> Iterator[dict[str, str]]:
    """Yield a row for each claim."""
    for claim in CLAIMS:
        yield dict(zip(COLUMNS, (claim.words, claim.command, claim.number(size)), strict=True))


def markdown(found: list[dict[str, str]]) -> str:
    """Return the rows as a table."""
    cells = [(row["claim"], f"`{row['command']}`", row["number"]) for row in found]
    return "\n".join(table(COLUMNS, cells))


def written_into(paper: str, found: list[dict[str, str]]) -> str:
    """Return the paper with the table of claims."""
    before, _, rest = paper.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{markdown(found)}\n\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Run all claims; write claims.csv and the table in paper.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=0)
    parser.add_argument("--replications", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE, help="folder that holds paper.md")
    given = parser.parse_args()
    found = list(rows(Size(given.customers, given.replications)))
    with (given.out / "claims.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    paper = given.out / "paper.md"
    paper.write_text(written_into(paper.read_text("utf-8"), found), "utf-8")


if __name__ == "__main__":
    main()
