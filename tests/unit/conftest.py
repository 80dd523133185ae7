"""Properties are tried on the same examples in every run, however slow the machine: `make fuzz` looks for others."""

from hypothesis import settings

settings.load_profile("ci")
