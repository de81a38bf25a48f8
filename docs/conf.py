"""The site of these pages: `make docs` builds it with Sphinx. Every warning is an error, so no link is broken.

The source is the repository itself, so that README, CONTRIBUTING and the pages here link to each other by the paths
that a code host shows too. The navigation is what the index pages list.
"""

import re
from importlib.metadata import version as installed

from sphinx.application import Sphinx

project = "gallop"
version = release = installed("gallop-leads")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md"]
# Whole folders, so that they are not even looked into.
exclude_patterns = [".*", "benchmarks", "data", "dist", "models", "notebooks", "reports", "site", "src", "tests"]
myst_heading_anchors = 3
highlight_language = "text"

default_role = "code"  # docstrings write names in single backticks
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"gallop {version}"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_theme_options = {"top_of_page_buttons": []}
templates_path = ["templates"]
html_additional_pages = {"index": "start.html"}

INDEXES = ("docs/index", "docs/decisions/index")
LISTED = re.compile(r"^- \[(?P<title>[^]]+)\]\((?P<page>[^)#:]+)\.md\)", flags=re.MULTILINE)


def navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """Put what an index page lists under each heading into the navigation."""
    if page not in INDEXES:
        return
    for part in re.split(r"^## ", source[0], flags=re.MULTILINE):
        heading, _, listed = part.partition("\n")
        entries = [f"{entry['title']} <{entry['page']}>" for entry in LISTED.finditer(listed)]
        if entries:
            lines = ["", "```{toctree}", ":hidden:", f":caption: {heading.strip('# ')}", "", *entries, "```", ""]
            source[0] += "\n".join(lines)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", navigation)
