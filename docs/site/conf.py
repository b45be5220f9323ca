"""The manual as a site (scripts/docs): the pages of the repository as they are, README first.

The order of the pages stands here and not in README, which is read elsewhere too.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

project = "flexdrive"
author = "the authors of flexdrive"
release = next(line.split('"')[1] for line in
               (ROOT / "rtl/flexdrive/__init__.py").read_text().splitlines()
               if line.startswith("__version__"))
html_title = f"flexdrive {release}"

extensions = ["myst_parser"]
html_theme = "furo"
html_static_path = []
root_doc = "README"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**.md", "examples/**.md"]
exclude_patterns = [".*", "build", "dist", "**/__pycache__", "**.egg-info"]
myst_heading_anchors = 4
# Reference pages of thousands of cells: no syntax of a language to be found in them.
highlight_language = "none"

SECTIONS = {
    "Guides": ["docs/deploy", "docs/python", "docs/report", "docs/verilog", "docs/simulation",
               "docs/synthesis", "docs/flexv-programs"],
    "Hardware": ["docs/hyperdrive", "docs/hyperdrive-descriptors", "docs/mesh", "docs/link",
                 "docs/flexv", "docs/flexv-isa"],
    "Examples": ["examples/*/README"],
    "Project": ["docs/architecture", "docs/extending", "CONTRIBUTING", "CHANGELOG"],
    "Results": ["docs/results/README", "docs/results/*"],
}


def _with_sections(app, name, source):
    """Put the tables of contents behind the text of README."""
    if name != root_doc:
        return
    for caption, pages in SECTIONS.items():
        options = [":hidden:", ":glob:", f":caption: {caption}"]
        source[0] += "\n".join(["", "```{toctree}", *options, "", *pages, "```", ""])


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", _with_sections)
