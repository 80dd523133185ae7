import contextlib
import os
import tempfile
from pathlib import Path

import pytest

from .places import Place


@pytest.fixture
def place():
    """A `Place`, whose folder everybody may read (pytest's own are private)."""
    with tempfile.TemporaryDirectory() as path, contextlib.ExitStack() as stack:
        os.chmod(path, 0o755)
        yield Place(Path(path), stack)
