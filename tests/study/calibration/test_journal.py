"""The journal: trials come back as they were, damage is noticed, and proposals depend on the arguments alone."""

import json
import sys
import warnings

import pytest

from abm.core.errors import Refusal
from abm.study.calibration.journal import FILE, Journal, Trial, optuna, propose

RANGES = {"a": (0.0, 10.0), "b": (1, 5)}


def trial(number, a=None, problem=""):
    settings = {"a": 0.1 * number if a is None else a, "b": 1 + number % 5}
    numbers = ((), ()) if problem else ((1 / 3 + number, 2.0), (1e-17, 0.5))
    return Trial(number, settings, *numbers, problem)


def loss(one):
    return (one.settings["a"] - 4) ** 2


def filled(folder, count=5, name="one"):
    journal = Journal(folder, name, RANGES)
    for number in range(count):
        journal.keep(trial(number), loss(trial(number)))
    return folder / FILE


def read(folder, name="one"):
    return Journal(folder, name, RANGES).trials()


class TestKeeping:
    def test_trials_come_back_to_the_last_bit(self, tmp_path):
        filled(tmp_path)
        assert read(tmp_path) == [trial(number) for number in range(5)]

    def test_a_problem_is_kept(self, tmp_path):
        Journal(tmp_path, "one", RANGES).keep(trial(0, problem="no value for csi"), float("inf"))
        assert read(tmp_path) == [trial(0, problem="no value for csi")]

    def test_the_file_is_json_lines_and_nothing_else(self, tmp_path):
        path = filled(tmp_path)
        lines = path.read_text(encoding="utf-8").splitlines()
        tables = [json.loads(line, parse_constant=pytest.fail) for line in lines]
        assert len(tables) == 6  # the study, and a line a trial
        assert all(isinstance(table, dict) for table in tables)
        assert tables[1]["params"] == trial(0).settings
        assert not list(tmp_path.glob("**/*.lock"))

    def test_another_calibration_in_the_folder_does_not_mix(self, tmp_path):
        filled(tmp_path)
        filled(tmp_path, 2, "other")
        assert len(read(tmp_path)) == 5
        assert len(read(tmp_path, "other")) == 2

    def test_twins_of_a_second_process_are_dropped(self, tmp_path):
        first, second = (Journal(tmp_path, "one", RANGES) for _ in range(2))
        for number in range(3):
            first.keep(trial(number), 1.0)
            second.keep(trial(number), 1.0)
        assert read(tmp_path) == [trial(number) for number in range(3)]

    def test_without_a_folder_nothing_is_kept(self):
        journal = Journal(None, "one", RANGES)
        journal.keep(trial(0), 1.0)
        assert journal.trials() == []

    def test_optuna_reads_it(self, tmp_path):
        path = filled(tmp_path)
        storages = optuna().storages
        backend = storages.journal.JournalFileBackend(
            str(path), lock_obj=storages.journal.JournalFileOpenLock(str(path))
        )
        study = optuna().load_study(study_name="one", storage=storages.JournalStorage(backend))
        assert study.best_value == min(loss(trial(number)) for number in range(5))


class TestDamage:
    def test_a_line_cut_short_is_left_out(self, tmp_path):
        path = filled(tmp_path)
        path.write_bytes(path.read_bytes()[:-20])
        assert read(tmp_path) == [trial(number) for number in range(4)]
        Journal(tmp_path, "one", RANGES).keep(trial(4), 1.0)
        assert read(tmp_path) == [trial(number) for number in range(5)]

    def test_a_changed_number_ends_the_trials_that_are_believed(self, tmp_path):
        path = filled(tmp_path)
        text = path.read_text()
        assert text.count("2.3333333333333335") == 1
        path.write_text(text.replace("2.3333333333333335", "2.4333333333333335"))
        assert read(tmp_path) == [trial(0), trial(1)]
        again = Journal(tmp_path, "one", RANGES)
        for number in range(2, 5):
            again.keep(trial(number), 1.0)
        assert read(tmp_path) == [trial(number) for number in range(5)]

    @pytest.mark.parametrize("place", range(0, 2000, 197))
    def test_any_changed_byte_is_harmless(self, tmp_path, place):
        path = filled(tmp_path)
        data = bytearray(path.read_bytes())
        data[place % len(data)] ^= 0x15
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of some damage Optuna can make nothing, and the file is set aside
            found = read(tmp_path)
        assert found == [trial(number) for number in range(len(found))]
        assert read(tmp_path) == found

    def test_what_is_no_journal_is_set_aside(self, tmp_path):
        (tmp_path / FILE).write_text('{"op_code": 99}\n')
        with pytest.warns(UserWarning, match="damaged, trials are listed anew"):
            assert read(tmp_path) == []
        assert (tmp_path / FILE).with_suffix(".damaged").exists()

    def test_a_folder_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(Refusal, match="cannot be written"):
            Journal(tmp_path / "file" / "results", "one", RANGES)


class TestProposals:
    tried = tuple(trial(number, a=float(number % 11)) for number in range(22))

    def proposals(self, count=4, seed=3):
        return propose(RANGES, self.tried, [loss(one) for one in self.tried], count, seed)

    def test_they_depend_on_the_arguments_alone(self):
        assert self.proposals() == self.proposals()
        assert self.proposals() != self.proposals(seed=4)

    def test_they_lie_in_the_ranges(self):
        for settings in self.proposals(20):
            assert 0.0 <= settings["a"] <= 10.0
            assert type(settings["b"]) is int
            assert 1 <= settings["b"] <= 5

    def test_they_lie_where_the_loss_is_small(self):
        found = [settings["a"] for seed in range(5) for settings in self.proposals(seed=seed)]
        assert sum(abs(a - 4) < 2.5 for a in found) > 0.6 * len(found)

    def test_trials_with_a_problem_are_avoided(self):
        bad = [trial(k, a=float(k % 11), problem="no" if k % 11 > 5 else "") for k in range(44)]
        found = [
            settings["a"]
            for seed in range(5)
            for settings in propose(RANGES, bad, [float("inf") if one.problem else 1.0 for one in bad], 4, seed)
        ]
        assert sum(a < 5.5 for a in found) > 0.6 * len(found)

    def test_optuna_says_nothing_and_keeps_its_settings(self, capfd, recwarn):
        optuna().logging.set_verbosity(optuna().logging.INFO)
        self.proposals()
        assert optuna().logging.get_verbosity() == optuna().logging.INFO
        assert capfd.readouterr() == ("", "")
        assert not recwarn.list


def test_without_optuna_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(Refusal) as raised:
        Journal(None, "one", RANGES)
    assert str(raised.value) == 'calibration needs Optuna, which is an extra: pip install "patronage[calibrate]"'
