"""How the documentation is built: `nox -s docs`, or `sphinx-build -W -b html docs docs/_build`.

Nothing is fetched while building, and the pages ask no other host for anything.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import _generate  # noqa: E402 - it stands beside this file
from pygments.lexers.special import TextLexer  # noqa: E402

import abm  # noqa: E402

project = "Patronage"
author = "The Patronage authors"
version = release = abm.__version__
copyright = author

extensions = ["myst_nb", "sphinx.ext.autodoc", "_links", "_docstrings"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "jupyter_execute"]

nb_execution_mode = "off"  # _notebooks.py runs them
nb_merge_streams = True

myst_heading_anchors = 3
myst_links_external_new_tab = False

autodoc_typehints = "none"
autodoc_member_order = "bysource"
toc_object_entries = False

html_theme = "pydata_sphinx_theme"
html_title = "Patronage"
html_static_path = ["_static"]
html_css_files = ["patronage.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None
html_sidebars = {"index": [], "gallery/index": [], "glossary-zh": []}
html_theme_options = {
    "logo": {"text": "Patronage"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "show_nav_level": 1,
    "navigation_depth": 3,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
    "back_to_top_button": False,
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}


def setup(app):
    """Write the pages that are read off the program before Sphinx looks for pages."""
    app.connect("config-inited", lambda *_: _generate.write())
    app.add_lexer("csv", TextLexer)  # a page has a table of targets
