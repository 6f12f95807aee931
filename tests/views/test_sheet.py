"""Tables that fit the screen, and HTML that can be read aloud."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nudgegrad as ng
from nudgegrad.views.screen import SIGNS, Screen, breadth, padded
from nudgegrad.views.sheet import Cell, Column, Sheet
from nudgegrad.views.table import as_html, as_text

names = st.text("abcdefgh_αβ字́", min_size=1, max_size=12)


@given(st.lists(st.tuples(names, names, names), min_size=1, max_size=5), st.integers(72, 120))
def test_columns_stand_below_each_other(rows, width):
    columns = [Column("first", "<"), Column("second"), Column("third", "<")]
    text = Sheet("", columns, [[Cell(t) for t in row] for row in rows]).as_text(Screen(width))
    head, *lines = text.splitlines()
    edge = breadth(head[: head.index("second") + len("second")])
    for line, row in zip(lines, rows, strict=True):
        assert breadth(line[: line.rindex(row[1], 0, len(line) - len(row[2])) + len(row[1])]) == edge


@given(st.text(max_size=20), st.integers(0, 40), st.sampled_from("<>"))
def test_padding_reaches_its_width(text, width, align):
    assert breadth(padded(text, width, align)) == max(width, breadth(text))


@given(st.text(max_size=40))
def test_an_ascii_screen_says_everything_in_ascii(text):
    said = Screen(ascii=True).say(SIGNS + text)
    assert said.isascii()
    assert Screen().say(text) == text


def test_a_narrow_screen_gets_one_block_per_row():
    sheet = Sheet(
        "", [Column("node"), Column("value"), Column("", "<")], [[Cell("w"), Cell("3"), Cell("✓")]], ["why"]
    )
    assert sheet.as_text(Screen(71)) == "w  ✓\n  value  3\nwhy"
    assert sheet.as_text(Screen(72)) == "node   value\n   w       3   ✓\nwhy"


class Reader(HTMLParser):
    """What a screen reader hears of the tables of a text."""

    def __init__(self):
        super().__init__()
        self.open, self.heard, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag != "br":
            self.open.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if dict(self.attributes[-1][1]).get("aria-hidden") != "true" or self.open[-1] != "span":
            self.heard.append((self.open[-1], data))


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert not {"script", "style", "img"} & {tag for tag, _ in reader.attributes}
    return reader


RUN = ng.graph("c = w*x; r = relu(p); J = c**2 + r").at(w=2, x=-2, p=0)
TABLE = ng.nudges(RUN)


@pytest.mark.parametrize(
    "shown", [RUN.graph, RUN, TABLE, TABLE["c"]], ids=lambda shown: type(shown).__name__
)
def test_html_is_one_table_with_caption_and_header_cells(shown):
    reader = read(shown._repr_html_())
    tags = [tag for tag, _ in reader.attributes]
    assert tags.count("table") == tags.count("caption") == 1
    scopes = [attributes.get("scope") for tag, attributes in reader.attributes if tag == "th"]
    rows = tags.count("tr") - 1
    assert scopes.count("row") == rows >= 1
    assert scopes.count("col") == len(scopes) - rows >= 2
    heard = [data for tag, data in reader.heard if tag == "th"]
    assert len(heard) == len(scopes)  # no header is empty: a sign's column says what it is
    assert tags.count("td") == rows * (len(scopes) - rows - 1)


def test_html_says_verdicts_in_words_and_the_same_notes_as_the_text():
    reader = read(as_html(TABLE))
    cells = [data.strip() for tag, data in reader.heard if tag == "td"]
    assert cells.count("pass") == 5
    assert cells.count("inconclusive") == 1
    assert "✓" not in cells
    notes = [data for tag, data in reader.heard if tag == "p"]
    assert notes == as_text(TABLE, Screen(10**6)).replace("\n", "\n").splitlines()[-len(notes) :]


def test_print_shows_the_same_as_text():
    assert str(TABLE) == as_text(TABLE)
    for shown in (RUN.graph, RUN, TABLE["c"], ng.explain(RUN)):
        assert str(shown) == as_text(shown)
        assert max(map(len, str(shown).splitlines())) <= Screen().width


def test_html_escapes_what_it_shows():
    sheet = Sheet(
        "<b>", [Column("<i>"), Column("&")], [[Cell("<script>"), Cell("a&b", spoken="<p>")]], ["<u>"]
    )
    html = sheet.as_html()
    assert "<script>" not in html
    assert "&lt;b&gt;" in html
    assert "a&amp;b</span> &lt;p&gt;" in html
    assert "<p>&lt;u&gt;</p>" in html


def test_long_results_are_cut_for_notebooks_and_prints():
    graph = ng.graph("; ".join(["a0 = w", *(f"a{i} = a{i - 1}" for i in range(1, 300)), "J = a299"]))
    run = graph.at(w=1)
    for shown in (graph, run):
        assert "… and 102 more" in str(shown)
        assert "… and 102 more" in shown._repr_html_()
