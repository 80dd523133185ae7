"""The error for what keeps the program from serving at all."""


class StartError(Exception):
    """Serving cannot begin; the text says why, and what to do about it."""
