"""The gallery: `python docs/_gallery.py` runs each command in an empty folder, keeps its figure, and writes the page.

The studies are run small, so that all of it takes a few minutes and pictures stay small.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parent
ROOT = DOCS.parent
FOLDER = DOCS / "gallery"
WIDTH, COLOURS = 1100, 128  # pixels of a kept picture, and its palette
sys.path[:0] = [str(ROOT)]

INTRODUCTION = """\
# Gallery

Figures that commands write, each with the command. The studies are run small here, so intervals are wider than those of
the studies themselves. `python docs/_gallery.py` makes all of them again; any table behind them is a pandas table
([results](../how-to/results.md)).
"""


@dataclass(frozen=True)
class Picture:
    """A figure: what it shows, the command that makes it, and the file that the command writes."""

    name: str
    title: str
    words: str
    command: str
    file: str


MAIN = "run experiments/loyalty_programs.toml --set scenario.population.customers=1000 --replications 10"
QUESTION = "experiments/my_question.toml --set scenario.population.customers=500 --replications 8"
CARDS = "run experiments/many_cards.toml --set scenario.population.customers=500 --replications 6"
PICTURES = (
    Picture(
        "effect_on_profit", "What each arm earns",
        "Paired differences from the baseline with their 95 % intervals: one that does not touch the line is no luck.",
        MAIN, "loyalty_programs/effect_on_profit.png",
    ),
    Picture(
        "other_measures", "Other measures of the same arms",
        "A policy can raise satisfaction and lower profit; both stand side by side.",
        MAIN, "loyalty_programs/effects_on_other_measures.png",
    ),
    Picture(
        "spend_and_profit", "What is spent and what it brings",
        "A dot an arm: on the dashed line the money has moved nobody, above the full one it has paid.",
        MAIN, "loyalty_programs/spend_and_profit.png",
    ),
    Picture(
        "where_profit_comes_from", "Where the difference comes from",
        "The books of both arms, item by item; the last bar is the difference in profit.",
        MAIN, "loyalty_programs/where_profit_comes_from.png",
    ),
    Picture(
        "programme_economics", "What a programme costs and brings",
        "What its books suggest that it returns (naive), beside what it adds to profit per cu of its cost (true).",
        CARDS, "many_cards/programme_economics.png",
    ),
    Picture(
        "tier_flows", "Who keeps a tier",
        "Members by the tier of a year ago, and in which tier they are today.",
        CARDS, "many_cards/flows_between_tiers.png",
    ),
    Picture(
        "warning_lift", "Whom warnings find",
        "Of known customers, the surest warnings first: how many of those gone are found, against a lot and the truth.",
        "run experiments/whom_to_save.toml --set scenario.population.customers=500 --replications 3",
        "whom_to_save/warning_lift.png",
    ),
    Picture(
        "flows", "Who goes where",
        "From the firm of a year ago to that of today, under the baseline and under the best arm.",
        MAIN, "loyalty_programs/flows_between_firms.png",
    ),
    Picture(
        "network", "Who talks to whom",
        "A neighbourhood of the word-of-mouth graph, in the colours of the firms that customers bought from last.",
        MAIN, "loyalty_programs/network.png",
    ),
    Picture(
        "profit_over_time", "The course over time",
        "The mean of all replications, week by week; what lies in the grey part is burn-in and is not measured.",
        f"run {QUESTION}", "my_question/profit_over_time.png",
    ),
    Picture(
        "race", "The best arm, with a guarantee",
        "Arms that are clearly behind leave the race, and cost no more runs ([compare](../how-to/compare.md)).",
        "compare experiments/loyalty_programs.toml --kpi profit --zone 0.1 --set scenario.population.customers=500",
        "loyalty_programs/verdict_profit_north.png",
    ),
    Picture(
        "criteria", "Claims, judged",
        "What a study said beforehand, and where the interval lies: met, not met or undecided "
        "([criteria](../how-to/criteria.md)).",
        "run experiments/member_gap.toml --set scenario.population.customers=500 --replications 6",
        "member_gap/criteria.png",
    ),
    Picture(
        "groups", "Who gains",
        "The same persons in every arm, told apart by a trait, a lot or a list ([groups](../how-to/groups.md)).",
        "run experiments/member_gap.toml --set scenario.population.customers=500 --replications 6",
        "member_gap/effect_by_group.png",
    ),
    Picture(
        "factor", "An effect over what nobody can know",
        "Each arm at each level of the factors of the [design](../how-to/designs.md).",
        "run experiments/word_of_mouth.toml --set scenario.population.customers=300 --replications 4",
        "word_of_mouth/effect_by_factor.png",
    ),
    Picture(
        "tornado", "Which factor moves the difference",
        "One factor at a time at the ends of its range ([sensitivity](../how-to/sensitivity.md)).",
        f"sensitivity {QUESTION} --kpi profit --arm service --against none --method tornado "
        '--factor "pricing.price_sensitivity=[3,9]" --factor "word_of_mouth.contact_rate=[0,0.5]" '
        '--factor "taste.taste_spread=[0.7,2.1]" --factor "switching_cost.switching_weight=[0.6,2.4]"',
        "my_question_tornado/tornado_profit_service_minus_none.png",
    ),
    Picture(
        "thresholds", "Where the order of the arms would turn",
        "At which value of a weight that nobody has measured another arm would be ahead.",
        f'thresholds {QUESTION} --kpi profit --weight "pricing.price_sensitivity=[3,6,9,12]"',
        "my_question/thresholds/thresholds.png",
    ),
    Picture(
        "game", "What rivals would do",
        "What each firm is paid by what both do, its best responses, and where neither would change "
        "([rivals](../how-to/rivals.md)).",
        f"game {QUESTION} --firms north,south --kpi profit", "my_question_game/game_profit_north_south.png",
    ),
)  # fmt: skip


def page() -> str:
    """Return the page, in Markdown."""
    return INTRODUCTION + "".join(_section(picture) for picture in PICTURES)


def _section(one: Picture) -> str:
    before = "patronage new my_question\n" if "my_question" in one.command else ""
    shown = "\n".join(_folded(f"patronage {one.command}"))
    return f"\n## {one.title}\n\n{one.words}\n\n![{one.title}]({one.name}.png)\n\n```sh\n{before}{shown}\n```\n"


def _folded(command: str) -> Iterator[str]:
    """Yield the lines of a command that is continued before an option where it is long."""
    line = ""
    for part in command.replace(" --", "\n--").split("\n"):
        if line and len(line) + len(part) > 100:
            yield line + " \\"
            line = "    " + part
        else:
            line = f"{line} {part}" if line else part
    yield line


def make() -> None:
    """Run every command in an empty folder, keep the figures and write the page."""
    from abm.cli import main  # noqa: PLC0415 - the page alone needs no market

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(ROOT / "experiments", Path(place) / "experiments", ignore=shutil.ignore_patterns("results"))
        os.chdir(place)
        main(["new", "my_question"])
        for command in dict.fromkeys(picture.command for picture in PICTURES):
            main(shlex.split(command))
            for picture in PICTURES:
                if picture.command == command:
                    kept = small((Path("experiments/results") / picture.file).read_bytes())
                    (FOLDER / f"{picture.name}.png").write_bytes(kept)
    (FOLDER / "index.md").write_text(page(), "utf-8")


def small(png: bytes) -> bytes:
    """Return a picture at the width of a page and with few colours, which is a tenth of its size."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    height = round(picture.height * WIDTH / picture.width)
    made = io.BytesIO()
    resized = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
    # By octree: cutting at medians would give arms whose lines take little room one colour.
    resized.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(made, "PNG", optimize=True)
    return made.getvalue()


if __name__ == "__main__":
    make()
