"""Pure: the small texts that several of kubectl's tables and descriptions share."""

from collections.abc import Mapping, Sequence

NONE = "<none>"
UNSET = "<unset>"
_MOST = 3  # items of a list that a cell shows


def format_labels(labels: Mapping[str, str]) -> str:
    """`a=b,c=d` in order of the keys, or `<none>` (apimachinery `labels.FormatLabels`)."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or NONE


def with_more(items: Sequence[str], nothing: str) -> str:
    """The first three, and how many more there are; `nothing` for none."""
    shown = ",".join(items[:_MOST])
    if len(items) > _MOST:
        return f"{shown} + {len(items) - _MOST} more..."
    return shown or nothing


def host_port(address: str, port: int) -> str:
    """`10.0.0.1:80`, `[fd00::1]:80` (Go's `net.JoinHostPort`)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
