"""Service innovation: research and what customers say bring ideas, and rivals copy them.   Acts at dates.

Claim: innovations come of knowledge, which research builds and which grows old, the likelier the more customers say;
they raise what is delivered, and customers soon expect it, as they expect whatever they meet with. Rivals see what a
firm does after a time, and copy it for less than it took to find. How long the first is alone decides whether it pays.
Source: Nelson 1959 and Mansfield, Schwartz & Wagner 1981, Economic Journal (research as investment; imitation is
cheaper than innovation), Lieberman & Montgomery 1988, Strategic Management Journal (first movers); all from memory.
Forms and sizes are assumed.

Expectations follow in `learning` alone. What is raised is the whole service, beside its attributes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from abm.core.spec import param
from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.mechanisms.mechanism import AtDates, Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, NUMBER, Held, Policy, hundredths
from abm.mechanisms.service.innovation_kernels import (
    add_advance_cost,
    book_innovation,
    build_knowledge,
    deliver_advance,
    draw_ideas,
    note_advance,
)
from abm.world.columns import CENT, FIXED_POINT, Column, Tally
from abm.world.world import World

BEST = 0.99  # of quality, as of `service.quality`: perfection has no finite price


def chance_of_an_idea(
    knowledge: float, voice: float, highest_rate: float, half_knowledge: float, voice_gain: float, years: float
) -> float:
    """Return the chance that a firm has an idea within some years.

    knowledge : cu/visit      voice : share of visits of which the firm was told something, 0-1

    1 - e^(-highest_rate (1 - 2^(-knowledge / half_knowledge)) (1 + voice_gain voice) years).
    """
    known = -math.expm1(-math.log(2.0) * knowledge / half_knowledge)
    return -math.expm1(-highest_rate * known * (1.0 + voice_gain * voice) * years)


def running_cost(quality: float, advance: float, scale: float) -> float:
    """Return what delivering an advance costs, cu/visit: scale (ln(1 - quality) - ln(1 - quality - advance))."""
    return scale * (math.log1p(-quality) - math.log1p(-(quality + advance)))


@kpi(unit="1/year", better="more", nan="no firm of the market innovates or copies")
def innovation_rate(c: Tallied) -> FloatArray:
    """Innovations of the firm's own / periods, times the periods of a year."""
    return c.year * c.innovations / c.advance_periods


@kpi(unit="points of 100", better="more", nan="no firm of the market innovates or copies")
def mean_advance(c: Tallied) -> FloatArray:
    """What innovations, its own and copied, raise performance by, mean over periods."""
    return 100.0 * c.advance_sum / c.advance_periods


@kpi(unit="points of 100", better="more", nan="no firm of the market innovates or copies")
def innovation_lead(c: Tallied) -> FloatArray:
    """Advance of the firm less that of its best rival, mean over periods."""
    return 100.0 * c.lead_sum / c.advance_periods


@kpi(unit="share", better="more", nan="no firm of the market innovates or copies")
def time_ahead(c: Tallied) -> FloatArray:
    """Periods in which the firm's advance is above that of every rival / periods."""
    return c.periods_ahead / c.advance_periods


@kpi(unit="share", nan="the firm has advanced by nothing")
def copied_part(c: Tallied) -> FloatArray:
    """Advance that was copied / advance that was copied or found."""
    return c.copied_advance / (c.copied_advance + c.found_advance)


class ServiceInnovationPolicy(Policy):
    """What a firm spends on new things, of its own or copied."""

    name: ClassVar = "service_innovation"
    held: ClassVar = {"copying_scale": None, "running_part": None}
    given: ClassVar = {
        "copying_scale": "what it takes to copy is given to a firm",
        "running_part": "what delivering new things costs is given to a firm",
    }
    research: float = param(
        0.0,
        unit="cu/visit",
        bounds=(0, 100),
        evidence="assumed",
        doc="spent on research and development for each visit",
    )
    copying: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="part of what it lacks to the best rival, as far as known, that it copies at a date",
    )  # fmt: skip
    copying_scale: float = param(
        0.1, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - copying), its cost"
    )
    running_part: float = param(
        0.5, unit="share", bounds=(0, 1), evidence="assumed",
        doc="what delivering an advance costs, in what as much more quality costs",
    )  # fmt: skip

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return research and copying in 1/100 cent a visit, and the scale of what an advance costs, in cu a visit."""
        return {
            "research_price": (CENTS, 100.0 * self.research),
            "copying_expense": (CENTS, -100.0 * self.copying_scale * math.log1p(-self.copying)),
            "advance_scale": (NUMBER, self.running_part * firm.service.quality_cost),
        }


class ServiceInnovation(Mechanism):
    """Ideas of firms, and copies of them."""

    name = "service_innovation"
    serves = ("B26",)
    policy = ServiceInnovationPolicy
    owns = (
        Column(
            "innovation_knowledge", ("firm",), 0, "cu/visit", "what a firm knows, as the research that would keep it up"
        ),
        Column("idea_luck", ("firm",), 1, "0-1", "luck with ideas at the latest date"),
        Column("advance", ("firm",), 0, "0-1", "what innovations raise performance by"),
        Column("advance_expense", ("firm",), 0, "cents", "what delivering them costs a visit", "int64"),
    )
    counts = (
        Tally("innovations", "innovations", "innovations of a firm's own"),
        Tally("found_advance", "0-1", "advance by innovations of a firm's own", 1 / FIXED_POINT),
        Tally("copied_advance", "0-1", "advance by copying", 1 / FIXED_POINT),
        Tally("research_spend", "cu", "spent on research and development", CENT / 100, account="lever"),
        Tally("copying_spend", "cu", "spent on copying", CENT / 100, account="lever"),
        Tally("advance_running", "cu", "cost of delivering innovations", CENT, account="lever"),
        Tally("advance_sum", "0-1", "advance in force, sum over periods", 1 / FIXED_POINT),
        Tally("lead_sum", "0-1", "advance less that of the best rival, sum over periods", 1 / FIXED_POINT),
        Tally("periods_ahead", "periods", "in which a firm is ahead of every rival"),
        Tally("advance_periods", "periods", "periods in these sums"),
    )
    kpis = (innovation_rate, mean_advance, innovation_lead, time_ahead, copied_part)
    innovate_every: int = param(
        4, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time between dates of innovation"
    )
    knowledge_kept: float = param(
        0.98, unit="kept/period", bounds=(0, 0.9999), evidence="assumed", doc="part of knowledge that does not grow old"
    )
    highest_rate: float = param(
        2.0,
        unit="1/year",
        bounds=(0, 100),
        evidence="assumed",
        doc="innovations of who knows everything and hears nobody",
    )
    half_knowledge: float = param(
        0.2, unit="cu/visit", bounds=(1e-4, 1e4), evidence="assumed", doc="knowledge that brings half of these"
    )
    voice_gain: float = param(
        1.0, unit="ratio", bounds=(0, 100), evidence="assumed",
        doc="what is added to the rate, as a part of it, if something is said of every visit",
    )  # fmt: skip
    voice_window: int = param(
        13, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="answers and complaints that count at a date"
    )
    innovation_size: float = param(
        0.15, unit="share", bounds=(0, 1), evidence="assumed", doc="part of what it lacks to the best that one brings"
    )
    imitation_lag: int = param(
        26, unit="periods", bounds=(1, 10_000), evidence="assumed", doc="time after which rivals know what a firm does"
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return knowledge, dates, what visitors meet with, and costs, if any firm does research or copies."""
        if not any(policy.research > 0 or policy.copying > 0 for policy in policies):
            return ()
        return (
            (Phase.OPENING, build_knowledge),
            (Phase.OPENING, draw_ideas),
            (Phase.OPENING, AtDates(self.renew, self.innovate_every)),
            (Phase.DELIVERY, deliver_advance),
            (Phase.RELATION, add_advance_cost),
            (Phase.BOOKS, book_innovation),
            (Phase.BOOKS, note_advance),
        )

    def renew(self, world: World, t: int) -> None:
        """Let firms copy what they know of, then have ideas; in periods that are a multiple of `innovate_every`.

        A firm copies `copying` of the advance that it lacks to the largest of its rivals in period t - imitation_lag;
        then it innovates if its luck is below `chance_of_an_idea` in innovate_every / periods_per_year years, and
        advances by `innovation_size` of what quality with its advance and what it has just copied lacks to BEST.
        Neither goes beyond BEST, and what quality that has risen since leaves beyond it is given up. An idea that would
        bring nothing is none. All is float64 from levers and columns as they are; the advance is held as float32. What
        is found and copied is counted in whole 2^-20, rounded half up. What it costs a visit to deliver the advance as
        it is held follows, in cents, rounded half up.
        """
        c, f = world.customers, world.firms
        voices, known = self._voices(world, t), self._known(world, t)
        years = self.innovate_every / world.periods_per_year
        for j in range(world.m):
            quality, advance = float(f.quality[j]), float(c.advance[j])
            best = max((float(known[rival]) for rival in range(world.m) if rival != j), default=0.0)
            most = max(0.0, BEST - quality)
            copied = min(max(0.0, float(f.copying[j]) * (best - advance)), max(0.0, most - advance))
            room = max(0.0, most - advance - copied)
            chance = chance_of_an_idea(
                float(c.innovation_knowledge[j]),
                voices[j],
                self.highest_rate,
                self.half_knowledge,
                self.voice_gain,
                years,
            )
            found = self.innovation_size * room if float(c.idea_luck[j]) < chance else 0.0
            c.advance[j] = min(advance + copied + found, most)
            c.advance_expense[j] = hundredths(running_cost(quality, float(c.advance[j]), float(f.advance_scale[j])))
            amounts = {"innovations": int(found > 0.0), "found_advance": found, "copied_advance": copied}
            for name, amount in amounts.items():
                whole = amount if name == "innovations" else math.floor(FIXED_POINT * amount + 0.5)
                world.layout.part(world.counted_by_part[0, world.nobodys], name)[j] += int(whole)

    def _voices(self, world: World, t: int) -> list[float]:
        """Return the share of visits in the `voice_window` periods before t of which each firm was told something.

        (answers to its survey + complaints) / visits, at most 1; 0 without visits. What no theory of the market counts
        is 0.
        """
        counted = world.history_by_part[max(0, t - self.voice_window) : t].sum(axis=(0, 1))
        said = np.zeros(world.m, np.int64)
        for name in ("answers", "complaints"):
            if name in world.tallies:
                said += world.layout.part(counted, name).reshape(-1, world.m + 1)[:, : world.m].sum(axis=0)
        visits = world.layout.part(counted, "visits")[: world.m]
        return [min(1.0, int(a) / int(b)) if b > 0 else 0.0 for a, b in zip(said, visits, strict=True)]

    def _known(self, world: World, t: int) -> FloatArray:
        """Return the advance of each firm in period t - imitation_lag, in whole 2^-20, cut off; 0 before period 0."""
        if t < self.imitation_lag:
            return np.zeros(world.m)
        counted = world.history_by_part[t - self.imitation_lag].sum(axis=0)
        return world.layout.part(counted, "advance_sum")[: world.m] / FIXED_POINT
