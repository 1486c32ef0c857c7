"""The page in a browser without any network: what a user does, and what she then sees."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib

import pytest

import abm
from tests.view.page.small_study import STUDY

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None or not importlib.util.find_spec("playwright") or not importlib.util.find_spec("nicegui"):
    pytest.skip("needs Chromium, and the packages playwright and nicegui", allow_module_level=True)

from playwright.sync_api import sync_playwright  # noqa: E402 - where it is installed

pytestmark = pytest.mark.slow
ALONE = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
SECONDS = 20_000  # milliseconds that anything may take
HELPERS = """() => {
  window.chart = k => getElement(Number(document.querySelectorAll('.chart')[k].id.slice(1))).chart;
  window.drawn = k => chart(k).getOption().series;
  window.period = () => document.querySelector('.period').textContent;
  window.colours = () => JSON.stringify(drawn(1)[0].data.map(one => one.itemStyle.color));
  window.place = node => {
    const one = drawn(1)[0].data[node], at = chart(1).convertToPixel({seriesIndex: 0}, [one.x, one.y]);
    const box = document.querySelectorAll('.chart')[1].getBoundingClientRect();
    return [at[0] + box.left, at[1] + box.top];
  };
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of a page that looks at the small study."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "small.toml").write_text(STUDY)
    command = [sys.executable, "-m", "abm", "explore", "small.toml", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env=_environment()) as run:
        yield run.stdout.readline().split()[0]
        run.send_signal(signal.SIGINT)
        assert run.wait(10) == 0


def _environment():
    root = os.path.dirname(os.path.dirname(abm.__file__))
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}


@pytest.fixture(scope="module")
def browser():
    """A browser for which no name but this machine's leads anywhere."""
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=ALONE)
        yield made
        made.close()


@pytest.fixture(scope="module")
def opened(browser, address):
    """A browser page that has been opened once for all tests, with what it asked for and complained of."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.set_default_timeout(SECONDS)
    page.asked, page.wrong = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("websocket", lambda socket: page.asked.append(socket.url))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda said: page.wrong.append(said.text) if said.type == "error" else None)
    page.goto(address)
    page.wait_for_selector(".chart canvas")
    page.evaluate(HELPERS)
    return page


@pytest.fixture
def page(opened):
    """The page at period 0, with the study as it is in the file."""
    opened.loaded = getattr(opened, "loaded", 0) + 1
    load(opened, f"study_{opened.loaded}.toml", STUDY)
    opened.get_by_text(f"study_{opened.loaded}.toml is open").wait_for()
    until(opened, "period() === 'period 0 of 30'")
    return opened


def load(page, name, text):
    """Load a study from a file."""
    file = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
    page.set_input_files("input[type=file]", file)


def until(page, condition):
    """Wait until JavaScript says so."""
    page.wait_for_function(f"() => {condition}", timeout=SECONDS)


def press(page, name):
    """Press a button."""
    page.get_by_role("button", name=name, exact=True).click()


def to_the_end(page):
    """Run to the last period."""
    press(page, "To the end")
    until(page, "period() === 'period 30 of 30' && drawn(0).slice(-2).every(one => one.data.length === 30)")


def series(page, chart=0):
    """Return what a chart shows."""
    return page.evaluate(f"drawn({chart})")


def choose(page, label, option):
    """Choose from a list."""
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_it_shows_both_arms(page):
    to_the_end(page)
    first, second = series(page)[-2:]
    assert (first["name"], second["name"]) == ("none", "better service")
    wanted = abm.Experiment.from_dict(tomllib.loads(STUDY))
    table = abm.simulate(wanted.scenario_of("service"), seed=7)
    own = table[table["firm"] == "north"]["profit"].to_list()
    assert [y for _, y in second["data"]] == pytest.approx(own, rel=1e-5)
    assert page.get_by_text("Is <service> & care worth its cost?").count() == 1


def test_a_moved_slider_moves_the_chart_and_leaves_a_grey_line(page):
    to_the_end(page)
    before = series(page)
    page.get_by_role("slider", name="Price, better service").locator("[tabindex]").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.get_by_text("firms.north.price = 1.05").wait_for()
    until(page, "drawn(0)[0].data.length === 30 && drawn(0)[9].data.length === 30")
    after = series(page)
    assert after[-2]["data"] == before[-2]["data"]
    assert after[-1]["data"] != before[-1]["data"]
    press(page, "take back firms.north.price, service")
    until(page, f"JSON.stringify(drawn(0)[9].data.at(-1)) === {json.dumps(_compact(before[-1]['data'][-1]))}")


def _compact(value):
    """Return a value as JavaScript writes it."""
    return json.dumps(value, separators=(",", ":"))


def test_a_value_that_is_not_allowed_is_refused_in_a_line(page):
    field = page.get_by_role("spinbutton", name="Price, none")
    field.fill("-3")
    field.press("Enter")
    page.get_by_text("firms.north.price = -3.0 is outside").wait_for()
    until(page, "document.querySelector('input[aria-label=\"Price, none\"]').value === '1'")


def test_running_and_pausing_with_the_keyboard(page):
    """In so many periods that a slow machine is not at the end before it is told to pause."""
    load(page, "long.toml", STUDY.replace("periods = 30", "periods = 300"))
    until(page, "period() === 'period 0 of 300'")
    page.get_by_role("button", name="Run", exact=True).press("Enter")
    until(page, "parseInt(period().slice(7)) >= 2")
    page.get_by_role("button", name="Pause", exact=True).press("Enter")
    page.get_by_text("paused", exact=True).wait_for()
    assert page.get_by_role("button", name="Run", exact=True).is_visible()


def test_the_network_is_painted_and_a_customer_tells_her_history(page):
    page.get_by_text("by satisfaction with north, after period 0.").wait_for()
    colours = page.evaluate("colours()")
    to_the_end(page)
    page.get_by_text("by satisfaction with north, after period 30.").wait_for()
    until(page, f"colours() !== {json.dumps(colours)}")
    choose(page, "coloured by", "word of mouth")
    page.get_by_text("tells a good story").wait_for()
    chosen = "drawn(1)[0].data.findIndex(one => one.symbolSize) === 7"
    for _ in range(10):  # until the chart lies still below the mouse
        page.locator(".chart").nth(1).scroll_into_view_if_needed()
        page.mouse.click(*page.evaluate("place(7)"))
        page.wait_for_timeout(500)
        if page.evaluate(chosen):
            break
    assert page.evaluate(chosen)
    page.get_by_text(re.compile(r"Customer \d+ (bought last at|has bought nowhere)")).wait_for()
    assert any(len(one["data"]) == 31 for one in series(page, 2))


def test_accounts_add_up(page):
    to_the_end(page)
    until(page, "document.querySelector('.books tbody tr:last-child .number').textContent !== '0'")
    rows = [row.inner_text().split("\t") for row in page.locator(".books tbody tr").all()]
    amounts = [(row[0], [float(cell.replace(",", "")) for cell in row[2:]]) for row in rows]
    signs = {"Revenue": 1, "Profit": 0, "Forgone, for information": 0}
    for k in (0, 1):
        total = sum(signs.get(account, -1) * values[k] for account, values in amounts)
        assert total == pytest.approx(amounts[-1][1][k], abs=len(rows))


def test_a_comparison_ends_in_a_verdict(page):
    page.get_by_label("replications").fill("3")
    press(page, "Compare")
    page.locator(".verdict").wait_for()
    said = page.locator(".verdict").inner_text()
    assert "'better service' minus 'none', profit of north: " in said
    assert "over 3 pairs that share their luck" in said


def test_saved_and_loaded_again(page, tmp_path):
    field = page.get_by_role("spinbutton", name="Price, better service")
    field.fill("0.95")
    field.press("Enter")
    page.get_by_text("firms.north.price = 0.95").wait_for()
    with page.expect_download() as waiting:
        press(page, "save both arms as a study file")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "small.toml"
    assert abm.load(path).arms["service"]["firms.north.price"] == 0.95
    changed = path.read_text().replace("0.95", "0.85")
    load(page, "x.toml", changed)
    page.get_by_text("firms.north.price = 0.85").wait_for()


def test_a_file_that_is_no_study_is_refused_in_its_line(page):
    load(page, "bad.toml", STUDY.replace("customers = 80", "custommers = 80"))
    page.get_by_text(re.compile("bad.toml: .*did you mean 'customers'")).wait_for()
    page.get_by_text("firms.north.service.quality = 0.9").wait_for()


def test_figure_table_and_command(page):
    to_the_end(page)
    for name, begins in (("CSV", b"arm,firm,period,profit"), ("SVG", b"<?xml")):
        with page.expect_download() as waiting:
            press(page, f"save the {'table' if name == 'CSV' else 'figure'} as {name}")
        with open(waiting.value.path(), "rb") as file:
            assert file.read().startswith(begins)
    press(page, "the command that repeats this")
    page.get_by_text("patronage run small.toml").wait_for()
    press(page, "Close")


def test_a_theory_is_switched_on(page):
    choose(page, "levers of", "theories")
    page.get_by_label("find a lever").fill("delight")
    page.get_by_text("Delight (off)").wait_for()
    page.get_by_role("switch", name="on in better service").first.click()
    page.get_by_text("delight = {}").wait_for()
    page.get_by_label("find a lever").fill("")
    choose(page, "levers of", "north")


def test_words_of_a_study_are_words_and_nothing_else(page):
    evil = """'"><img src=x :innerHTML=1 onerror=window.hurt=1>'"""
    load(
        page,
        "evil.toml",
        STUDY.replace('"better service"', evil).replace("<service>", "<img src=x onerror=window.hurt=1>"),
    )
    page.get_by_text("evil.toml is open").wait_for()
    to_the_end(page)
    page.locator(".chart").first.hover()
    press(page, "Compare")
    page.locator(".verdict").get_by_text("onerror=window.hurt=1").first.wait_for()
    assert page.locator("img").count() == 0
    assert page.evaluate("window.hurt") is None


def test_it_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    until(page, "document.documentElement.scrollWidth <= 390")
    tops = [page.locator(kind).first.bounding_box()["y"] for kind in (".first", ".levers", ".later")]
    assert tops == sorted(tops)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_nothing_was_asked_of_any_other_machine_and_nothing_went_wrong(opened, address):
    asked = [url for url in opened.asked if not url.startswith(("data:", "blob:"))]
    assert {re.sub(r"^\w+://", "", url).partition("/")[0] for url in asked} == {address.removeprefix("http://")}
    assert len(asked) > 10
    assert opened.wrong == []


@pytest.mark.endurance
def test_two_pages_see_the_same(browser, opened, address):
    with contextlib.closing(browser.new_page()) as other:
        other.goto(address)
        until(other, "document.querySelector('.period')?.textContent")
        assert other.locator(".period").inner_text() == opened.locator(".period").inner_text()
