"""Files that a program follows while a test changes them."""

import os
from pathlib import Path


def put(path: Path, text: str) -> None:
    """Have the file hold this text, in one step: who follows it never sees it empty or half written.

    What is written first beside it begins with a dot, so that nobody takes it for a manifest.
    """
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text)
    os.replace(beside, path)


def put_long_ago(path: Path, text: str) -> None:
    """Have the file hold this text, as if nobody had written it lately: whoever reads it does not wait for more."""
    path.write_text(text)
    os.utime(path, (0, 0))
