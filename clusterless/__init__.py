"""The program: command line, configuration, watching, wiring, health and metrics."""

__version__ = "0.1.0"
