"""Flags as kubectl's users write them, since its library (pflag) takes them so: `-o=yaml`, `--no-headers=true`."""

from collections.abc import Iterator, Mapping, Sequence

import click

# What Go's strconv.ParseBool reads.
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


class KubectlCommand(click.Command):
    """A command that takes its flags in these forms too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put each flag into the form that click knows."""
        switches = {
            name: each for each in self.params if isinstance(each, click.Option) and each.is_flag for name in each.opts
        }
        return super().parse_args(ctx, list(_plain(args, switches)))


def _plain(args: Sequence[str], switches: Mapping[str, click.Option]) -> Iterator[str]:
    for number, arg in enumerate(args):
        if arg == "--":
            yield from args[number:]
            return
        name, equals, value = arg.partition("=")
        if equals and name in switches and value in _BOOLS:
            if _BOOLS[value]:
                yield name
            else:
                yield from switches[name].secondary_opts[:1]  # a switch that has none is off where it is not given
        elif equals and len(name) == 2 and name[0] == "-" and name not in switches:
            yield from (name, value)
        else:
            yield arg
