"""The pages of the manual and the blocks of code on them."""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "blocks"]

ROOT = Path(__file__).resolve().parents[1]
# The manual, and what the examples say of themselves. Results are records of what was run.
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")),
         *sorted((ROOT / "examples").glob("**/*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text and the line of the page that it begins on."""

    language: str
    text: str
    line: int


def blocks(path, *languages):
    """The blocks of a page, in those languages or in any."""
    page = path.read_text()
    found = [Block(m[1], m[2], page.count("\n", 0, m.start()) + 1) for m in _BLOCK.finditer(page)]
    return [block for block in found if not languages or block.language in languages]
