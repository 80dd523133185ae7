"""What docs/compose.md has its readers type: the lines of its shell blocks, by the heading above them."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "compose.md"
LAB = "The lab"
SHOP = "In your own project"


def blocks() -> dict[str, list[str]]:
    """The commands below each heading that has any."""
    sections = re.split(r"^## (.*)\n", PAGE.read_text(), flags=re.MULTILINE)[1:]
    typed = {
        heading: [
            line
            for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
            for line in block.splitlines()
        ]
        for heading, text in zip(sections[::2], sections[1::2], strict=True)
    }
    return {heading: lines for heading, lines in typed.items() if lines}
