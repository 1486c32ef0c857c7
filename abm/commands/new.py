"""`patronage new`: a first study, with comments, that runs as it is."""

from __future__ import annotations

import re
from pathlib import Path

from abm.commands import output
from abm.core.errors import Refusal, shown

FOLDER = Path("experiments")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")

TEMPLATE = """\
# Run this study:              patronage run experiments/{name}.toml
# What may be written here:    patronage show parameters      (and: mechanisms, kpis, presets)
# With a theory of your own:   patronage run experiments/{name}.toml --with FILE.py
# What is left out has the default that is shown there.

question = "What earns the north firm more: a points club, or better service?"
seed = 2026          # decides all luck
replications = 20    # draws of luck; every arm lives through the same ones, so that their differences are paired
kpis = ["profit", "share_of_wallet", "retention_rate", "market_share", "csi", "programme_cost"]

[scenario]
periods = 156        # weeks
burn_in = 52         # weeks before anything is measured

[scenario.population]
customers = 1000     # log = "cdnow" gives them the purchase rates and baskets of a real log

[scenario.network]
kind = "watts_strogatz"   # who talks to whom: a small world
neighbours = 8
rewiring = 0.1

[[scenario.firms]]   # the first firm is the one that the arms are judged by
name = "north"

[[scenario.firms]]
name = "south"

# An arm is what a firm chooses: paths of the scenario, in quotes, with their values.

[arms.none]          # changes nothing; the others are compared with it

[arms.points]
"firms.north.program" = {{ preset = "points", earn_rate = 0.05 }}

[arms.service]
"firms.north.service.quality" = 0.80

# A criterion is what you expect, before you look: met, not met or undecided is said of each (docs/how-to/criteria.md).

[[expect]]
kpi = "share_of_wallet"
arm = "points"       # minus the arm none
above = 0

# A factor is what nobody can know: every arm is run at each of its levels. Take out the # to try it.
# [design.factors]
# "word_of_mouth.contact_rate" = [0.0, 0.25, 0.5]
"""


def main(name: str) -> int:
    """Write experiments/NAME.toml; raise Refusal for a name no file should have, and rather than overwrite."""
    if not _NAME.fullmatch(name):
        advice = "use up to 60 letters, digits, _ and -, and begin with a letter or digit"
        raise Refusal(f"{shown(name)} is not a study's name; {advice}")
    path = FOLDER / f"{name}.toml"
    FOLDER.mkdir(exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(TEMPLATE.format(name=name))
    except FileExistsError:
        raise Refusal("is there already; choose another name, or remove it first", source=str(path)) from None
    output.lines(f"{path} is written\nnext: patronage run {path}")
    return 0
