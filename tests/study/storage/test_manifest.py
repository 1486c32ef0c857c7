"""Manifests: written, read back, refused."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.study.plan.design import grid
from abm.study.plan.experiment import Experiment
from abm.study.storage.manifest import FILE, Manifest, read_manifest
from tests.examples import examples


def test_read_back_equal(crossed, tmp_path):
    written = Manifest.of(crossed)
    written.write(tmp_path)
    read = read_manifest(tmp_path)
    assert read == written
    assert list(read.sheet.ids) == list(crossed.sheet.ids)
    assert Experiment.from_dict(read.experiment) == crossed


def test_dates_are_read_back(study, tmp_path):
    late = {"from": 3, "until": 5, "firms.north.price": 0.9}
    written = Manifest.of(study(arms={"none": {}, "late": late}))
    written.write(tmp_path)
    assert read_manifest(tmp_path) == written
    assert read_manifest(tmp_path).sheet.dates == {"late": {"late": (3, 5)}}


def test_says_nothing_of_day_or_machine(crossed, tmp_path, monkeypatch):
    Manifest.of(crossed).write(tmp_path)
    text = (tmp_path / FILE).read_text()
    stamp = (tmp_path / FILE).stat().st_mtime_ns
    monkeypatch.chdir("/")
    Manifest.of(crossed).write(tmp_path)
    assert (tmp_path / FILE).read_text() == text
    assert (tmp_path / FILE).stat().st_mtime_ns == stamp, "an equal manifest is not written again"
    assert str(tmp_path) not in text


def test_levels_that_are_tables_keep_their_ids(study, tmp_path):
    experiment = study(design=grid({"firms.north.program": [{"preset": "points"}, {"preset": "tiers"}]}), arms={})
    Manifest.of(experiment).write(tmp_path)
    assert list(read_manifest(tmp_path).sheet.ids) == list(experiment.sheet.ids)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a results folder"),
        ("", "is empty"),
        ("format = 99", "format = 99 is not 2; read it with the version that wrote it"),
        ("scheme = 'x'", "format = None is not 2"),
        ("format = 2", "is not as it was written"),
        ("format = 2\nscheme = 'x'\n[versions]\n[experiment]\n[sheet]\nname = 'x'", "is not as it was written"),
    ],
)
def test_refused(tmp_path, content, message):
    if content is not None:
        (tmp_path / FILE).write_text(content)
    with pytest.raises(Refusal) as refusal:
        read_manifest(tmp_path)
    assert message in str(refusal.value)


def test_a_folder_of_results_folders_names_them(crossed, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Manifest.of(crossed).write(tmp_path / name)
    with pytest.raises(Refusal, match=r"is not a results folder: it has no manifest\.toml; those in it are one, two$"):
        read_manifest(tmp_path)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(50))
def test_one_wrong_bit_anywhere_is_noticed_and_mended(crossed, tmp_path, place, bit):
    manifest = Manifest.of(crossed)
    manifest.write(tmp_path)
    data = bytearray((tmp_path / FILE).read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(Refusal):
        read_manifest(tmp_path)
    assert not manifest.says_the_same(tmp_path)
    manifest.write(tmp_path)
    assert read_manifest(tmp_path) == manifest


def test_another_command_or_version_is_of_the_same_runs(crossed, study, tmp_path, monkeypatch):
    Manifest.of(crossed, "patronage run study.toml").write(tmp_path)
    assert read_manifest(tmp_path).command == "patronage run study.toml"
    monkeypatch.setattr("abm.study.storage.manifest.versions", lambda: {"python": "4.0"})
    assert Manifest.of(crossed).says_the_same(tmp_path)
    assert not Manifest.of(study()).says_the_same(tmp_path)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(Refusal, match="there is no such folder"):
        read_manifest(tmp_path / "nowhere")
