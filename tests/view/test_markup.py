"""HTML: whatever the words are, they stay words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from abm.view import markup
from abm.view.drawn import Drawn


@given(st.text())
def test_words_never_become_markup(words):
    for made in (markup.text(words), markup.cell("td", words), markup.paragraphs([words]), markup.code(words)):
        inner = made.replace("<td>", "").replace("</td>", "").replace("<p>", "").replace("</p>", "")
        inner = inner.replace("<pre><code>", "").replace("</code></pre>", "")
        assert "<" not in inner
        assert '"' not in inner


def test_table_by_hand():
    made = markup.table(("arm", "mean"), [("a", 1.5)], numbers=("mean",))
    assert '<th class="number">mean</th>' in made
    assert '<td>a</td><td class="number">1.5</td>' in made


def test_figure_holds_its_drawing_and_its_words():
    shown = Drawn("a.png", "What it <is>.", 'How to "read" it.', b"png", '<svg viewBox="0 0 9 9"><g/></svg>')
    assert markup.figure(shown) == (
        '<figure><div class="drawing"><svg role="img" aria-label="What it &lt;is&gt;. How to &quot;read&quot; it." '
        'viewBox="0 0 9 9"><g/></svg></div>'
        "<figcaption><b>What it &lt;is&gt;.</b> How to &quot;read&quot; it.</figcaption></figure>"
    )


def test_picture_holds_its_image():
    assert markup.picture(b"png", 'a "line"') == (
        '<figure><img src="data:image/png;base64,cG5n" alt="a &quot;line&quot;"></figure>'
    )
