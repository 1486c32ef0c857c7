"""Sphinx extension: links to files of the project that are pages of the documentation, too, lead to these pages."""

from pathlib import Path

import _generate


def setup(app):
    """Put the links right as pages are read."""

    def read(app, docname, source):
        page = Path(app.env.doc2path(docname))
        source[0] = _generate.relinked(source[0], page, page)

    app.connect("source-read", read)
    return {"parallel_read_safe": True}
