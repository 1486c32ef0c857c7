"""Experiments: which arms are compared, in which worlds, how often.   One value, one TOML file.

An arm is what a firm chooses, a point of the design is what nobody can know, a replication is another draw of luck that
all arms share. Everything is checked when the experiment is built: nothing runs before all of it can.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields
from dataclasses import replace as changed
from functools import cached_property
from pathlib import Path
from typing import Any

from abm.core import given
from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.fixed import fixed
from abm.core.guidance import shortened
from abm.core.shown import in_notebook
from abm.core.spec import read_toml, write_toml
from abm.kpis.measure import Measure
from abm.scenario.measures import BY_NAME
from abm.scenario.scenario import Scenario
from abm.study.plan import checks, criteria
from abm.study.plan.arms import LABEL, MATCH, at_point, dates_of, in_arm
from abm.study.plan.criteria import Criterion
from abm.study.plan.design import Design
from abm.study.plan.groups import Grouping, groupings, labels_in
from abm.study.plan.identified import digest_of
from abm.study.plan.matches import Match, MatchedArm
from abm.study.plan.matches import checked as checked_matches
from abm.study.plan.own import Own
from abm.study.plan.record import KINDS, Record, is_empty
from abm.study.plan.record import checked as checked_record
from abm.study.plan.record import parsed as parsed_record
from abm.study.plan.sheet import Run, Sheet
from abm.study.provenance import inputs
from abm.study.provenance.digest import plain
from abm.study.provenance.files import write_whole
from abm.world.files import allow, allowed, permit
from abm.world.fitted import known, remember

_READINGS, _DATA = "readings", "data"  # in the state that other processes get
Settings = dict[str, Any]
HEADLINE = tuple(BY_NAME[name] for name in ("profit", "share_of_wallet", "retention_rate", "csi"))


@dataclass(frozen=True)
class Experiment:
    """Arms compared at the points of a design, each as often as there are replications; frozen, equal by value.

    arms         : name -> {scenario path: value}, in order, from a date on if it has `from`, `until`, `ramp` too
                   (arms.py); none = one arm "base" that changes nothing; `match` leaves a value open (matches.py),
                   and `label` is what reports call the arm
    design       : what nobody can know (`grid({path: levels})`, `latin_hypercube({path: (low, high)}, points=32)`, …);
                   without one there is a single point
    replications : draws of luck per arm and point, shared by all arms
    seed         : a non-negative whole number; decides all luck together with the replication
    hypothesis   : what is expected, in words     measure : by what it is judged, in words; both for the report
    kpis         : what is measured: KPIs and readings, or their names
    judge_by     : the KPI that decides which arm is best; left out = the first of `kpis`
    baseline     : the arm the others are compared with; left out = the arm "none", else the first
    expect       : what the study claims: criteria, or tables of them; no run depends on them
    groups       : name -> grouping of customers whose KPIs are told apart (groups.py), as a Grouping or its table
    record       : which persons and visits are recorded (record.py), as a Record or its table
    folder       : of the study file, which its input files lie in; None = the current one
    own          : theories and measures of one's own that its table may name, as of `load`
    matched      : what trial runs found for arms that were matched; no run depends on it

    Raises Refusal, with the place, for anything that could not run: unknown paths, settings out of bounds, unknown
    KPIs, two factors or arms of one name, more than 10 million runs, a run that needs absurd memory.
    """

    name: str
    scenario: Scenario
    arms: dict[str, Settings] = field(default_factory=dict)
    design: Design = field(default_factory=Design)
    replications: int = 30
    seed: int = 1
    kpis: tuple[Measure, ...] = HEADLINE
    question: str = ""
    hypothesis: str = ""
    measure: str = ""
    judge_by: str = ""
    baseline: str = ""
    expect: tuple[Criterion, ...] = ()
    groups: dict[str, Grouping] = field(default_factory=dict)
    record: Record = field(default_factory=Record)
    folder: Path | None = field(default=None, compare=False)
    own: Own = field(default=Own(), compare=False, repr=False)
    matched: tuple[MatchedArm, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        checks.text("name", self.name, empty=False)
        for name in ("question", "hypothesis", "measure"):
            checks.text(name, getattr(self, name))
        self._set(replications=checks.whole("replications", self.replications, low=1))
        self._set(seed=checks.whole("seed", self.seed, low=0))
        checks.instance("scenario", self.scenario, Scenario)
        checks.instance("design", self.design, Design)
        checks.measured(self.scenario)
        arms = checks.arms(self.scenario, self.arms)
        self._set(own=Own.of(self.own))
        self._set(kpis=checks.kpis(self.kpis, self.own.known), arms=arms)
        checks.judged("judge_by", self.judge_by, [kpi.name for kpi in self.kpis])
        baseline = checks.baseline(self.baseline, arms)
        self._set(arms=fixed(checked_matches(self.scenario, arms, baseline, [kpi.name for kpi in self.kpis])))
        with checks.at("groups"):
            self._set(groups=fixed(groupings(self.scenario, arms, baseline, self.groups)))
        record = parsed_record(self.record)
        with checks.at("record"):
            worlds = [in_arm(self.scenario, arm, settings) for arm, settings in arms.items()]
            labels = [label for own in self.group_labels.values() for label in own]
            self._set(record=checked_record(record, worlds, labels))
        checks.size(len(arms), self.design.asked, self.replications)
        self._set(design=checks.design(self.scenario, arms, self.design, self.seed))
        self._set(expect=criteria.checked(self))
        for scenario in self._variants():
            inputs.check(scenario, self.folder)
        if self.inputs:
            self._set(folder=(self.folder or Path.cwd()).resolve())  # a worker process may stand elsewhere

    _repr_html_ = in_notebook

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is worked out from the fields: another process works it out from its own code.

        Theories of its own come first: all others may refer to them. What was read of purchase logs goes along, as no
        other process needs to read them again.
        """
        own = {"own": self.own, **{item.name: getattr(self, item.name) for item in fields(self)}}
        return own | {_READINGS: known(), _DATA: allowed()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        remember(state.pop(_READINGS, {}))
        permit(state.pop(_DATA, ()))
        self._set(**state)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], *, name: str = "", source: str = "", folder: Path | None = None, own: Any = ()
    ) -> Experiment:
        """Build an experiment from the table of a study file.

        name   : what the experiment is called if the table does not say
        source : the file, for the beginning of a refusal        folder : which its input files lie in
        own    : as of `load`
        """
        own = Own.of(own)
        with checks.at("", source):
            checks.keys(data)
            values = {"name": name, "folder": folder, "own": own}
            values |= {key: data[key] for key in data if key not in ("scenario", "design")}
            values["scenario"] = own.scenario(checks.table("scenario", data.get("scenario", {})), "scenario")
            checks.unquoted(values["scenario"], data.get("arms", {}))
            with checks.at("design"):
                values["design"] = Design.from_dict(checks.table("", data.get("design", {})))
            return cls(**values)

    def to_dict(self, full: bool = False) -> dict[str, Any]:
        """Return the table of a study file; `from_dict` makes an equal experiment of it, with the same `own`.

        full : write every parameter of the scenario, not only those that differ from their defaults
        """
        names = ("question", "hypothesis", "measure", "baseline", "judge_by")
        said = {name: getattr(self, name) for name in names}
        design = {"design": self.design.to_dict()} if self.design != Design() else {}
        return {
            "name": self.name,
            **{key: text for key, text in said.items() if text},
            "seed": self.seed,
            "replications": self.replications,
            "kpis": [kpi.name for kpi in self.kpis],
            "scenario": self.scenario.to_dict(full),
            "arms": plain(self.arms),
            **design,
            **({"groups": {name: one.to_dict() for name, one in self.groups.items()}} if self.groups else {}),
            **({} if is_empty(self.record) else {"record": self.record.to_dict()}),
            **({"expect": [one.to_dict() for one in self.expect]} if self.expect else {}),
        }

    def save(self, path: Path | str) -> None:
        """Write the study file that `load` reads back as an equal experiment."""
        write_whole(given.path("path", path), write_toml(self.to_dict()).encode())

    def replace(self, **changes: Any) -> Experiment:
        """Return a copy with other fields: `experiment.replace(replications=100)`."""
        if list(changes) == ["replications"] and not self.matches:
            return self._repeated(**changes)
        return changed(self, **{"matched": (), **changes})

    def _repeated(self, replications: int) -> Experiment:
        """Return a copy with other replications, on which nothing else that was checked or worked out depends."""
        replications = checks.whole("replications", replications, low=1)
        checks.size(len(self.arms), self.design.asked, replications)
        again = copy(self)
        again._set(replications=replications, inputs=self.inputs, sheet=changed(self.sheet, replications=replications))
        return again

    def __len__(self) -> int:
        return len(self.arms) * len(self.design) * self.replications

    def runs(self) -> Iterator[Run]:
        """All runs in order: replication, then point, then arm."""
        return self.sheet.runs()

    def scenario_of(self, arm: str, point: int = 0) -> Scenario:
        """Return the whole world of an arm at a point of the design.  Raises Refusal for one that is not there."""
        if arm not in self.arms:
            known = did_you_mean(str(arm), self.arms) or f"; there is {one_of(self.arms)}"
            raise Refusal(f"no arm {shown(arm)} in the study{known}")
        point = given.whole("point", point, low=0, high=len(self.design) - 1)
        return at_point(self.scenario, arm, self.arms[arm], self.design.point(point))

    @property
    def worlds(self) -> list[Scenario]:
        """The whole worlds of its arms, at the first point of the design."""
        return [self.scenario_of(arm) for arm in self.arms]

    @property
    def matches(self) -> dict[str, Match]:
        """The arms with a value that trial runs have still to find; abm.matched returns an experiment without any."""
        return {arm: settings[MATCH] for arm, settings in self.arms.items() if MATCH in settings}

    @property
    def labels(self) -> dict[str, str]:
        """What arms are called where people read of them, of those that have a label."""
        return {arm: settings[LABEL] for arm, settings in self.arms.items() if LABEL in settings}

    @cached_property
    def group_labels(self) -> dict[str, tuple[str, ...]]:
        """The names of the groups, by grouping."""
        baseline = checks.baseline(self.baseline, self.arms)
        return {
            name: labels_in(one, name, in_arm(self.scenario, arm := one.arm or baseline, self.arms[arm]))
            for name, one in self.groups.items()
        }

    @cached_property
    def sheet(self) -> Sheet:
        """The runs and their ids.  Raises Refusal for arms with a value that is still open."""
        for arm, match in self.matches.items():
            raise Refusal(f"leaves '{match.by}' open; abm.matched(study) finds it", place=f"arms.{arm}.{MATCH}")
        worlds = {arm: in_arm(self.scenario, arm, settings) for arm, settings in self.arms.items()}
        dates = {arm: dates_of(world, self.design.factors) for arm, world in worlds.items()}
        return Sheet(
            name=self.name,
            question=self.question,
            digests={arm: digest_of(self, arm, world) for arm, world in worlds.items()},
            baseline=checks.baseline(self.baseline, self.arms),
            design=self.design.by_itself(),
            replications=self.replications,
            seed=self.seed,
            kpis=tuple(kpi.name for kpi in self.kpis),
            firms=tuple(firm.name for firm in self.scenario.firms),
            expect=self.expect,
            records=tuple(kind for kind in KINDS if getattr(self.record, kind) is not None),
            groups=tuple(label for labels in self.group_labels.values() for label in labels),
            periods=self.scenario.periods,
            burn_in=self.scenario.burn_in,
            dates={arm: found for arm, found in dates.items() if found},
            judge_by=self.judge_by,
            labels=self.labels,
            own={kpi.name: (kpi.unit, kpi.better) for kpi in self.kpis if BY_NAME.get(kpi.name) is not kpi},
        )

    @cached_property
    def inputs(self) -> dict[str, str]:
        """The input files: path in the study's folder -> digest of the content."""
        return inputs.digests(self._variants(), self.folder)

    def _variants(self) -> list[Scenario]:
        """The arms' scenarios, and for factors that may name input files those with each level."""
        arms = [in_arm(self.scenario, arm, settings) for arm, settings in self.arms.items()]
        factors = {p: v for p, v in self.design.factors.items() if p.partition(".")[0] in inputs.SECTIONS}
        varied = [world.replace({path: v}) for world in arms for path, values in factors.items() for v in values]
        return [*arms, *varied]


Experiment.__signature__ = shortened(inspect.signature(Experiment))  # type: ignore[attr-defined]


def load(path: Path | str, own: Any = (), data: Path | str | Sequence[Path | str] = ()) -> Experiment:
    """Read an experiment from a study file; its name is the file's, unless the file gives one.

    own : theories and measures of one's own that the file names: the path of a Python file, a module, a theory's class,
          a KPI or reading, or a list of these
    data : folders beside the study's in which its input files may lie, from now on in this process

    Raises Refusal, beginning with the file's name, for anything that could not run.
    """
    allow([data] if isinstance(data, str | Path) else data)
    path = given.path("path", path)
    folder = path.parent.resolve()
    return Experiment.from_dict(read_toml(path), name=path.stem, source=path.name, folder=folder, own=own)
