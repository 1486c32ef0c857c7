"""`patronage explore`: what it opens, what it refuses, how it ends.   The page itself: tests/view/page/test_page.py."""

import builtins
import importlib.util
import os
import signal
import socket
import subprocess
import sys

import pytest

from abm.cli import main
from abm.commands import explore
from tests.view.page.small_study import STUDY

needs_page = pytest.mark.skipif(not importlib.util.find_spec("nicegui"), reason="NiceGUI, an extra, is not installed")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study file in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(STUDY)
    return tmp_path / "small.toml"


def test_without_the_extra(study, monkeypatch, capsys):
    whole = builtins.__import__

    def without(name, *rest, **more):
        if name.partition(".")[0] in ("nicegui", "uvicorn", "fastapi"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return whole(name, *rest, **more)

    for name in [name for name in sys.modules if name == "abm.view.page.server"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["explore", str(study)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == 'the page needs NiceGUI, which is an extra: pip install "patronage[page]"\n'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["smal.toml"], "smal.toml: there is no such file"),
        (["small.toml", "--set", "population.customers=-4"], "--set population.customers=-4: "),
        (["small.toml", "--seed", "-1"], "--seed"),
        (["small.toml", "--port", "70000"], "--port = 70000 is no port"),
    ],
)
def test_what_is_refused(study, arguments, said, capsys):
    if "--port" in arguments:
        pytest.importorskip("nicegui")
    assert main(["explore", "--no-browser", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1


def test_what_is_opened(study):
    desk = explore.opened(study, [], ["population.customers=50"], 11)
    assert desk.exploration.base.population.customers == 50
    assert desk.exploration.study.seed == 11
    assert (desk.opened, desk.shelf.folder) == ("small.toml", study.parent)
    assert desk.command() == "patronage run small.toml --seed 11 --set population.customers=50"
    desk.open("retail (preset)")
    assert desk.command() == ""
    desk.open("small.toml")
    assert desk.command() == "patronage run small.toml"
    desk.read("small.toml", STUDY.encode())
    assert (desk.opened, desk.command()) == ("", "")


def test_without_a_file_a_preset_is_opened(study):
    desk = explore.opened(None, [], [], None)
    assert desk.opened == explore.FIRST
    assert "small.toml" in desk.shelf.names()
    (study.parent / "experiments").mkdir()
    assert "small.toml" not in explore.opened(None, [], [], None).shelf.names()


@needs_page
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_at_once(study, number):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "abm", "explore", str(study), "--no-browser", "--port", str(port)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        ) as run:
            line = run.stdout.readline()
            assert line == f"http://127.0.0.1:{port + 1}  (Ctrl-C ends it)\n"
            with socket.create_connection(("127.0.0.1", port + 1)):  # a page that is still open
                run.send_signal(number)
                assert run.wait(10) == (0 if number == signal.SIGINT else -signal.SIGTERM)
            assert run.stderr.read() == f"port {port} is taken; the page is on the next one, {port + 1}\n"
