"""Sphinx: `scripts/docs` builds these pages into docs/_build."""

from typing import Any

from latex2mathml.converter import convert
from sphinx.application import Sphinx

import nudgegrad

project = "nudgegrad"
author = "The nudgegrad authors"
copyright = f"2026, {author}"
version = release = nudgegrad.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["pages.css"]
html_js_files = ["reach.js"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"  # each colour is legible: at least 4.5:1
pygments_dark_style = "a11y-high-contrast-dark"
html_math_renderer = "mathml"  # pages need no network; MathJax would fetch itself


def _inline(self: Any, node: Any) -> None:
    self.body.append(convert(node.astext()))


def _block(self: Any, node: Any) -> None:
    self.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')


def _whole(render: Any) -> Any:
    """A visitor that has written the node's children by itself."""
    from docutils.nodes import SkipNode

    def visit(self: Any, node: Any) -> None:
        render(self, node)
        raise SkipNode

    return visit


def setup(app: Sphinx) -> None:
    """MathML, which every current browser shows and reads aloud."""
    app.add_html_math_renderer("mathml", (_whole(_inline), None), (_whole(_block), None))
