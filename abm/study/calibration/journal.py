"""The journal of a calibration: which settings were tried, and what to try next.   The only file that imports Optuna.

Trials are kept by Optuna in one file, a line of JSON each; nothing in it is pickled. What is proposed depends on the
seed and the trials before alone: a new sampler, seeded by their number, gets them as they were recorded. So a search
that was stopped anywhere goes on as if it had not been. There is no lock that a killed process could leave behind: two
processes at work in one folder write the same trial twice, and the first of the two is read.
"""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from abm.core.errors import Refusal
from abm.core.streams import stream_key
from abm.study.provenance.digest import canonical, digest
from abm.study.provenance.files import write_whole
from abm.study.storage.store import Store

FILE = "trials.jsonl"
_KEYS = ("number", "mean", "variance", "problem")

Ranges = Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Trial:
    """Settings that were tried, and what came of them.

    settings       : scenario path -> value
    mean, variance : (targets,) the simulated value for each target, and its sampling variance; () with a problem
    problem        : why there are no numbers, "" if there are
    """

    number: int
    settings: dict[str, Any]
    mean: tuple[float, ...]
    variance: tuple[float, ...]
    problem: str = ""

    @property
    def check(self) -> str:
        """Digest of all that is kept of the trial, by which a damaged line is found out."""
        return digest(canonical([self.settings, *(getattr(self, key) for key in _KEYS)]).encode()).hex()


def optuna() -> ModuleType:
    """Return the library Optuna; Refusal if it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import optuna as found  # noqa: PLC0415 - slow, and an extra
    except ModuleNotFoundError:
        raise Refusal('calibration needs Optuna, which is an extra: pip install "patronage[calibrate]"') from None
    return found


def propose(ranges: Ranges, tried: Sequence[Trial], losses: Sequence[float], count: int, seed: int) -> list[dict]:
    """Return the settings to try next, all at once: a function of the arguments alone.

    ranges : path -> (low, high); two whole numbers are a range of whole numbers
    losses : of the trials; of one with a problem it does not count, the trial is worse than all others
    """
    library = optuna()
    with _quiet(library):
        key = int(stream_key(seed, f"calibration.{len(tried)}")) >> 32
        sampler = library.samplers.TPESampler(seed=key, multivariate=True, constant_liar=True, n_startup_trials=0)
        search = library.create_study(sampler=sampler)
        for trial, loss in zip(tried, losses, strict=True):
            search.add_trial(_frozen(library, ranges, trial, loss))
        return [dict(search.ask(_distributions(library, ranges)).params) for _ in range(count)]


class Journal:
    """The trials of one calibration in a results folder, or in none.

    name : of the calibration, with a digest of all that decides its trials: another one in the same folder does not mix
    """

    def __init__(self, folder: Path | None, name: str, ranges: Ranges) -> None:
        self._library, self._ranges, self._search = optuna(), ranges, None
        self.folder = folder
        if folder is not None:
            keeper = Store(folder)
            keeper.prepare()
            self._writing = keeper.writing
            with self._writing():
                self._search = self._opened(folder / FILE, name)

    def _opened(self, path: Path, name: str) -> Any:
        storages = self._library.storages
        _mend(path)
        try:
            with _quiet(self._library):
                storage = storages.JournalStorage(storages.journal.JournalFileBackend(str(path), lock_obj=_NoLock()))
                return self._library.create_study(storage=storage, study_name=name, load_if_exists=True)
        except Exception:  # Optuna raises errors of any kind for a damaged file
            if not path.stat().st_size:
                raise
            path.replace(path.with_suffix(".damaged"))
            warnings.warn(f"{path}: damaged, trials are listed anew; their runs are stored", stacklevel=2)
            return self._opened(path, name)

    def trials(self) -> list[Trial]:
        """Return the sound trials from the first on, up to one that is missing or damaged."""
        found: dict[int, Trial] = {}
        for kept in self._search.get_trials(deepcopy=False) if self._search is not None else ():
            trial = _thawed(kept)
            if trial is not None:
                found.setdefault(trial.number, trial)
        count = next(number for number in range(len(found) + 1) if number not in found)
        return [found[number] for number in range(count)]

    def keep(self, trial: Trial, loss: float) -> None:
        """Add a trial; raise Refusal if it cannot be written."""
        if self._search is not None:
            with self._writing(), _quiet(self._library):
                self._search.add_trial(_frozen(self._library, self._ranges, trial, loss))


class _NoLock:
    """A lock that locks nothing: a line is written at once, and the same trial written twice is read once."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def _mend(path: Path) -> None:
    """Take lines out of a journal that are not whole, as a process killed while writing leaves one at its end."""
    if not path.exists():
        return
    data = path.read_bytes()
    sound = [line for line in data.splitlines(keepends=True) if line.endswith(b"\n") and _is_table(line)]
    if len(b"".join(sound)) < len(data):
        write_whole(path, b"".join(sound))


def _is_table(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _frozen(library: ModuleType, ranges: Ranges, trial: Trial, loss: float) -> Any:
    """Return a trial as Optuna keeps it; one with a problem as pruned, which its sampler takes for worse than any."""
    states = library.trial.TrialState
    attributes = {key: getattr(trial, key) for key in _KEYS} | {"check": trial.check}
    return library.trial.create_trial(
        state=states.PRUNED if trial.problem else states.COMPLETE,
        value=None if trial.problem else loss,
        params=trial.settings,
        distributions=_distributions(library, ranges),
        user_attrs=attributes,
    )


def _thawed(kept: Any) -> Trial | None:
    """Return a trial that Optuna kept, None if it is not as it was written."""
    written = kept.user_attrs
    try:
        mean, variance = (tuple(map(float, written[key])) for key in ("mean", "variance"))
        trial = Trial(written["number"], dict(kept.params), mean, variance, written["problem"])
        return trial if written["check"] == trial.check else None
    except (KeyError, TypeError, ValueError):
        return None


def _distributions(library: ModuleType, ranges: Ranges) -> dict[str, Any]:
    kinds = library.distributions
    return {
        path: (kinds.IntDistribution if isinstance(low, int) else kinds.FloatDistribution)(low, high)
        for path, (low, high) in ranges.items()
    }


@contextlib.contextmanager
def _quiet(library: ModuleType) -> Iterator[None]:
    """Silence Optuna, which would report every study and what is experimental; leave its settings as they were."""
    level = library.logging.get_verbosity()
    library.logging.set_verbosity(library.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        library.logging.set_verbosity(level)
