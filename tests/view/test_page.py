"""The report in a browser: nothing hangs out of a phone's screen, and it prints. Skipped where there is no Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from abm.view import report

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
PROBE = (
    "<script>document.title = [document.documentElement.scrollWidth, document.documentElement.clientWidth,"
    " document.querySelectorAll('svg').length, Math.min(...[...document.querySelectorAll('svg')]"
    ".map(one => one.getBoundingClientRect().height))].join(' ')</script>"
)


def browse(tmp_path, *options):
    """Return what the browser says, with a profile of its own."""
    fixed = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    return subprocess.run([BROWSER, *fixed, *options], capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("page") / "small"
    shutil.copytree(folder, place)
    return report.write(place)


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_as_wide_as_the_screen(page, tmp_path, width):
    """A window has a least width, so the page is looked at in a frame of that of a phone."""
    probed = tmp_path / "probed.html"
    probed.write_text(page.read_text(encoding="utf-8").replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    frame = tmp_path / "frame.html"
    wait = 'onload="document.title = this.contentDocument.title"'
    frame.write_text(
        f'<!DOCTYPE html><body><iframe src="probed.html" width="{width}" height="800" {wait}></iframe></body>'
    )
    shown = browse(
        tmp_path, "--allow-file-access-from-files", "--virtual-time-budget=5000", "--dump-dom", f"file://{frame}"
    )
    found = re.search(r"<title>(\d+) (\d+) (\d+) ([\d.]+)</title>", shown)
    assert found, shown[:500]
    assert int(found[1]) == int(found[2]) > width - 20  # all but a scroll bar
    assert int(found[3]) == page.read_text(encoding="utf-8").count("<svg")
    assert float(found[4]) > 80  # no drawing has collapsed


def test_it_prints(page, tmp_path):
    browse(tmp_path, f"--print-to-pdf={tmp_path / 'page.pdf'}", f"file://{page}")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
