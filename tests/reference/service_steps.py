"""Steps of a service: how well each step of a visit is done, what is remembered of them, and what follows from each.

Claim: the first step colours those after it, a solution fits worse if needs were not learned, an objection that is not
answered is minded until one is or it is forgotten, a check catches failures, an offer too early or too often is
resented; what is remembered is between the mean of the moments and their peak and end.
Source: the words of service_steps on docs/model.md, without a look at its kernels.

Numbers may be floats or float32: each formula is in the order of its words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.accounts import effort, hundredths
from tests.reference.closeness import near
from tests.reference.encounter import clipped
from tests.reference.random_numbers import Key, customer_words, normal, uniform

KINDS = (
    "greeting", "needs_assessment", "solution", "objection_handling", "atmosphere", "quality_check", "cross_selling",
    "follow_up",
)  # fmt: skip
BY_OTHERS = ("cross_selling", "follow_up")
PRESETS = {
    "core_steps": KINDS[:5],
    "seven_steps": (*KINDS[:5], *BY_OTHERS),
    "six_steps": (*KINDS[:3], "atmosphere", "quality_check", "follow_up"),
}
NO_PART, LEFT_OUT, BADLY, WELL = range(4)
NONE = -1.0
FORGOTTEN = 1e-20
EXAMPLE: dict[str, Any] = {
    "peak_end": 0.5, "negativity": 1.5, "completion": 0.85, "usual_step": 0.75, "care_gain": 0.6, "step_spread": 0.15,
    "left_out_quality": 0.2, "well_from": 0.5, "first_impression": 0.2, "unlearned": 0.3, "usual_visit": 0.58,
    "step_weight": 0.3, "objection_rate": 0.3, "unanswered_loss": 0.08, "resistance": 0.3, "doubt_kept": 0.95,
    "caught": 0.5, "too_early": 0.15, "early_below": 0.6, "too_hard": 0.05, "pressure_kept": 0.8,
}  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """What a firm decides: whether its steps are told apart, the care it takes of each kind, 0-1, and its scale, cu."""

    blueprint: bool = True
    cares: tuple[float, ...] = (0.0,) * 8
    step_scale: float = 0.15

    def care(self, kind: str) -> float:
        """Return the care taken of a kind of step."""
        return self.cares[KINDS.index(kind)]

    def cost(self, visits: int) -> int:
        """Return what care costs on a period's visits, 1/100 cent: it is rounded once for all steps of a visit."""
        each = 100.0 * self.step_scale * sum(effort(care) for care in self.cares)
        return visits * hundredths(each) if self.blueprint else 0


@dataclass
class Visit:
    """What became of the steps of a visit; by kind, what is no part of it has the state 0 and the quality -1."""

    state: list[int] = field(default_factory=lambda: [NO_PART] * len(KINDS))
    quality: list[float] = field(default_factory=lambda: [NONE] * len(KINDS))
    moments: int = 0
    mean: float = 0.0
    peak: float = 0.0
    memory: float = 0.0
    unanswered: bool = False
    resented: float = 0.0

    def met(self, kind: str) -> bool:
        """Tell whether a kind of step was part of the visit."""
        return self.state[KINDS.index(kind)] != NO_PART

    def of(self, kind: str) -> float:
        """Return the quality of a kind of step."""
        return self.quality[KINDS.index(kind)]

    def note(self, kind: str, state: int, quality: float) -> None:
        """Note how a step was done."""
        self.state[KINDS.index(kind)], self.quality[KINDS.index(kind)] = state, quality


def chance(care: float, p: Mapping[str, Any]) -> float:
    """Return the chance that a step is done."""
    return p["completion"] + (1 - p["completion"]) * care


def level(care: float, z: float, p: Mapping[str, Any]) -> float:
    """Return how well a step is done by itself."""
    return p["usual_step"] + p["care_gain"] * care * (1 - p["usual_step"]) + p["step_spread"] * z


def prepared(alone: float, kind: str, first: float, learned: float, p: Mapping[str, Any]) -> float:
    """Return the level of a step after the first one and, of a solution, the assessment of needs; -1 = none."""
    if first >= 0:
        alone = alone + p["first_impression"] * (first - p["usual_step"])
    if kind == "solution" and learned >= 0:
        alone = alone - p["unlearned"] * (1 - learned)
    return alone


def state(done: bool, quality: float, p: Mapping[str, Any]) -> int:
    """Return the state of a step that is part of a visit."""
    if not done:
        return LEFT_OUT
    return WELL if quality >= p["well_from"] else BADLY


def strength(quality: float, p: Mapping[str, Any]) -> float:
    """Return how much a moment stands out."""
    gap = quality - p["usual_step"]
    return gap if gap >= 0 else p["negativity"] * -gap


def remembered(mean: float, peak: float, end: float, p: Mapping[str, Any]) -> float:
    """Return what is remembered of moments."""
    return (1 - p["peak_end"]) * mean + p["peak_end"] * ((peak + end) / 2)


def mean_of(qualities: Sequence[float]) -> float:
    """Return the mean of moments, added up from the first to the last; 0 of none."""
    total = qualities[0] if qualities else 0.0
    for quality in qualities[1:]:
        total = total + quality
    return total / type(total)(len(qualities)) if qualities else 0.0


def remember(visit: Visit, sequence: Sequence[str], p: Mapping[str, Any]) -> bool:
    """Work out what is remembered of a visit; tell whether float32 may see another peak."""
    moments = [visit.of(kind) for kind in sequence if visit.met(kind)]
    if not moments:
        return False
    visit.moments, visit.mean, visit.peak = len(moments), mean_of(moments), moments[0]
    for quality in moments[1:]:
        if strength(quality, p) > strength(visit.peak, p):
            visit.peak = quality
    visit.memory = remembered(visit.mean, visit.peak, moments[-1], p)
    return any(near(strength(one, p), strength(visit.peak, p)) for one in moments)


def ground(visit: Visit, sequence: Sequence[str]) -> float:
    """Return the mean quality of the steps before cross-selling, 0 of none."""
    before = sequence[: sequence.index("cross_selling")] if "cross_selling" in sequence else sequence
    return mean_of([visit.of(kind) for kind in before if visit.met(kind)])


def resentment(ground: float, pressure: float, quality: float, p: Mapping[str, Any]) -> float:
    """Return what an offer that is not taken takes from satisfaction."""
    early = p["too_early"] * max(p["early_below"] - ground, 0) / p["early_below"]
    return clipped((early + p["too_hard"] * pressure) * (1 - quality))


def faded(stock: float, kept: float) -> float:
    """Return what is left of doubt or of pressure as a period begins."""
    left = kept * stock
    return left if left >= FORGOTTEN else 0.0


def less_for_doubt(doubt: float, price: float, p: Mapping[str, Any]) -> float:
    """Return what doubts take from the utility of a firm."""
    return p["resistance"] * price * doubt


def risk_after_check(visit: Visit, p: Mapping[str, Any]) -> float:
    """Return the factor of a quality check on the risk of a failure."""
    if not visit.met("quality_check"):
        return 1.0
    return max(0.0, 1 + p["caught"] * (p["usual_visit"] - visit.of("quality_check")))


def shift(visit: Visit, p: Mapping[str, Any]) -> float:
    """Return what memories of steps add to performance."""
    return p["step_weight"] * (visit.memory - p["usual_visit"]) if visit.moments else 0.0


def less_satisfied(visit: Visit, p: Mapping[str, Any]) -> float:
    """Return what an objection that is not answered, and an offer, take from satisfaction."""
    return (p["unanswered_loss"] if visit.unanswered else 0.0) + visit.resented


class Steps:
    """The steps of a market's firms, and what is kept of them: doubt and pressure by firm and customer.

    close : whether float32 may have decided something otherwise
    """

    def __init__(
        self, policies: Sequence[Policy], identities: Sequence[int], key: Key, p: Mapping[str, Any],
        sequence: Sequence[str], replication: int = 0,
    ) -> None:  # fmt: skip
        self.policies, self.identities, self.key, self.p = policies, identities, key, p
        self.sequence, self.replication, self.close = tuple(sequence), replication, False
        self.doubt = [[0.0] * len(identities) for _ in policies]
        self.pressure = [[0.0] * len(identities) for _ in policies]
        self.begin()

    def begin(self) -> None:
        """Begin to count anew."""
        m = len(self.policies)
        names = ("steps_due", "steps_done", "steps_well")
        self.by_kind = {name: [[0] * m for _ in KINDS] for name in names}
        single = (
            "objections_raised", "objections_unanswered", "resented_offers", "step_visits", "worst_decided",
            "step_mean_sum", "step_memory_sum",
        )  # fmt: skip
        self.counts: dict[str, list[float]] = {name: [0] * m for name in single}

    def forget(self) -> None:
        """Let doubt and pressure fade as a period begins."""
        self.doubt = [[faded(one, self.p["doubt_kept"]) for one in row] for row in self.doubt]
        self.pressure = [[faded(one, self.p["pressure_kept"]) for one in row] for row in self.pressure]

    def luck(self, t: int, i: int, nth: int, draw: int) -> list[float]:
        """Return the uniforms of a draw of a visit."""
        words = customer_words(self.key, self.identities[i], t, draw=draw, block=nth, replication=self.replication)
        return [uniform(word) for word in words]

    def is_near(self, value: float, threshold: float) -> None:
        """Note whether a value lies near a threshold."""
        self.close |= near(value, threshold)

    def judged(self, quality: float) -> int:
        """Return the state of a step that is done with a quality."""
        self.is_near(quality, self.p["well_from"])
        return state(True, quality, self.p)

    def serve(self, t: int, i: int, j: int, nth: int) -> Visit:
        """Go through the steps of a visit that the firm takes itself."""
        visit, first, learned = Visit(), NONE, NONE
        for kind in self.sequence if self.policies[j].blueprint else ():
            if kind in BY_OTHERS:
                continue
            a, b, *_ = self.luck(t, i, nth, KINDS.index(kind))
            care = self.policies[j].care(kind)
            self.is_near(a, chance(care, self.p))
            if a < chance(care, self.p):
                quality = clipped(prepared(level(care, normal(b), self.p), kind, first, learned, self.p))
                visit.note(kind, self.judged(quality), quality)
            else:
                visit.note(kind, LEFT_OUT, self.p["left_out_quality"])
            first = visit.of(kind) if first == NONE else first
            learned = visit.of(kind) if kind == "needs_assessment" else learned
        return visit

    def remember(self, visit: Visit) -> None:
        """Work out what is remembered of a visit."""
        self.close |= remember(visit, self.sequence, self.p)

    def hear(self, t: int, i: int, j: int, nth: int, visit: Visit) -> None:
        """Let a visitor object, or not."""
        if not visit.met("objection_handling"):
            return
        u = self.luck(t, i, nth, 3)[2]
        self.is_near(u, self.p["objection_rate"])
        if u < self.p["objection_rate"]:
            answered = visit.state[KINDS.index("objection_handling")] == WELL
            self.counts["objections_raised"][j] += 1
            self.counts["objections_unanswered"][j] += not answered
            self.doubt[j][i], visit.unanswered = (0.0, False) if answered else (1.0, True)

    def offer(self, t: int, i: int, j: int, nth: int, visit: Visit, sold: bool) -> None:
        """Judge an offer that has been made on a visit."""
        if not self.policies[j].blueprint:
            return
        z = normal(self.luck(t, i, nth, 6)[1])
        quality = clipped(level(self.policies[j].care("cross_selling"), z, self.p))
        if not sold:
            visit.resented = resentment(ground(visit, self.sequence), self.pressure[j][i], quality, self.p)
            self.counts["resented_offers"][j] += visit.resented
        visit.note("cross_selling", self.judged(quality), quality)
        self.pressure[j][i] += 1.0

    def call(self, t: int, i: int, j: int, nth: int, visit: Visit, transaction: float) -> float:
        """Let a call that reaches her become the end of a visit; return her satisfaction after it."""
        if not (self.policies[j].blueprint and visit.moments):
            return transaction
        p, before = self.p, visit.memory
        z = normal(self.luck(t, i, nth, 7)[1])
        quality = clipped(level(self.policies[j].care("follow_up"), z, p))
        visit.note("follow_up", self.judged(quality), quality)
        visit.mean = (visit.moments * visit.mean + quality) / (visit.moments + 1)
        visit.moments += 1
        self.is_near(strength(quality, p), strength(visit.peak, p))
        if strength(quality, p) > strength(visit.peak, p):
            visit.peak = quality
        visit.memory = remembered(visit.mean, visit.peak, quality, p)
        return clipped(transaction + p["step_weight"] * (visit.memory - before))

    def count(self, j: int, visit: Visit) -> None:
        """Count a visit when all of it is over."""
        for kind, found in enumerate(visit.state):
            self.by_kind["steps_due"][kind][j] += found != NO_PART
            self.by_kind["steps_done"][kind][j] += found in (BADLY, WELL)
            self.by_kind["steps_well"][kind][j] += found == WELL
        if visit.moments:
            self.is_near(visit.peak, self.p["usual_step"])
            self.counts["step_visits"][j] += 1
            self.counts["worst_decided"][j] += visit.peak < self.p["usual_step"]
            self.counts["step_mean_sum"][j] += visit.mean
            self.counts["step_memory_sum"][j] += visit.memory


def measures(c: Mapping[str, Any]) -> dict[str, float]:
    """Return what is measured of a firm from its counts; those by kind are lists in the order of KINDS."""

    def ratio(part: float, whole: float) -> float:
        return part / whole if whole else math.nan

    well = {kind: ratio(c["steps_well"][k], c["steps_due"][k]) for k, kind in enumerate(KINDS)}
    offers = c["steps_due"][KINDS.index("cross_selling")]
    raised = c["objections_raised"]
    return {
        "step_completion": ratio(sum(c["steps_done"]), sum(c["steps_due"])),
        "greeting_done_well": well["greeting"],
        "needs_learned": well["needs_assessment"],
        "solutions_done_well": well["solution"],
        "objection_steps_done_well": well["objection_handling"],
        "objections_answered": ratio(raised - c["objections_unanswered"], raised),
        "atmosphere_done_well": well["atmosphere"],
        "checks_done_well": well["quality_check"],
        "offers_placed_well": well["cross_selling"],
        "resentment_per_offer": ratio(c["resented_offers"], offers),
        "calls_done_well": well["follow_up"],
        "worst_step_share": ratio(c["worst_decided"], c["step_visits"]),
        "memory_gap": ratio(c["step_memory_sum"] - c["step_mean_sum"], c["step_visits"]),
    }
