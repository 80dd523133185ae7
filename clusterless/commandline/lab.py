"""The commands of a lab: to start one, and to play with one that runs."""

# ruff: noqa: PLC0415  a command must not pay for what others need

import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from clusterless.configuration.kubeproxyconfig import ConfigError

from .flags import cluster_flags, cluster_options, filename_flag

_COMMAND = "clusterless.lab.command"  # in the context's `meta`


class _CommandAfterDashes(click.Group):
    """A group whose own arguments may end with `-- COMMAND...`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put what stands behind `--` aside, unless a subcommand comes before it."""
        _, rest, _ = self.make_parser(ctx).parse_args(list(args))
        dashes = len(args) - len(rest) - 1
        if dashes >= 0 and args[dashes] == "--":
            ctx.meta[_COMMAND] = tuple(rest)
            args = args[:dashes]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Both ways to use it."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] -f MANIFESTS [-- COMMAND...]")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...")


_name_flag = click.option("--name", "-N", default="", metavar="LAB", help="Which lab, where several run.")
_namespace_flag = click.option("--namespace", "-n", default="default", show_default=True, help="The pod's namespace.")


@click.group(
    cls=_CommandAfterDashes, invoke_without_command=True, short_help="Run a small cluster in network namespaces."
)
@filename_flag
@click.option(
    "--nodes",
    type=click.IntRange(1, 100),
    metavar="N",
    help="How many nodes, where no manifest has a Node.  [default: 2]",
)
@click.option(
    "--name", "-N", default="", metavar="LAB", help="How other terminals find it.  [default: lab, lab-2, ...]"
)
@click.option("--rootless", "privilege", flag_value="rootless", help="Only without privilege, in a user namespace.")
@click.option("--root", "privilege", flag_value="root", help="Only as root, without a user namespace.")
@click.option("--detach", "-d", is_flag=True, help="Let it run in the background until `lab stop`.")
@click.option("--tour", is_flag=True, help="Show the seven kinds of Service of configs/manifests, with their answers.")
@click.option(
    "--node-monitor-grace-period",
    "node_grace",
    default=4.0,
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    show_default=True,
    help="How long a node may be silent before it is not ready; 50 in a cluster.",
)
@cluster_flags
@click.pass_context
def lab(context: click.Context, /, privilege: str | None, detach: bool, tour: bool, **flags: Any) -> None:
    """Run a small cluster's network in namespaces: nodes, pods, a load balancer and an outside, without root or Docker.

    COMMAND runs in it as one more pod, and its exit code is returned; without one there is a shell. The lab ends with
    it, and leaves nothing behind. Manifests are followed while it runs. The commands below reach it from inside and
    from other terminals.
    """
    if context.invoked_subcommand is not None:
        if context.get_parameter_source("filename") is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"-f starts a lab, and `{context.invoked_subcommand}` is for one that runs", context)
        return
    from clusterless.labs.command import LabOptions
    from clusterless.labs.command import lab as run_lab
    from lab.namespaces import Privilege

    if not flags["filename"]:
        raise click.UsageError("must specify -f: a manifest file, a folder of them, or -", context)
    try:
        cluster = cluster_options(context.params)
    except ConfigError as error:
        raise click.UsageError(str(error), context) from error
    command = context.meta.get(_COMMAND, ())
    options = LabOptions(
        filenames=flags["filename"],
        cluster=cluster,
        nodes=flags["nodes"],
        name=flags["name"],
        privilege=Privilege(privilege or "either"),
        node_grace=flags["node_grace"],
        command=command,
        tour=tour,
        detached=detach,
    )
    sys.exit(run_lab(options))


@lab.command(short_help="Open a shell on a pod, a node or `outside`.")
@_name_flag
@_namespace_flag
@click.argument("host", default="client")
def shell(name: str, namespace: str, host: str) -> None:
    """Open a shell on HOST: a pod, a node or `outside`. Default: the pod that visitors stand in."""
    _execute(name, host, namespace, ())


@lab.command(name="exec", short_help="Run a command on a host of a lab.")
@_name_flag
@_namespace_flag
@click.argument("host")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(name: str, namespace: str, host: str, command: tuple[str, ...]) -> None:
    """Run COMMAND on HOST, with its streams and its exit code: `exec web-0 -- curl -s http://db/`.

    HOST is a pod, a node, `outside`, or as in kubectl one pod of deploy/NAME, sts/NAME, ds/NAME or svc/NAME.
    """
    _execute(name, host, namespace, command)


@lab.command()
@_name_flag
def status(name: str) -> None:
    """Show nodes, pods, the outside, and what is cut."""
    from lab.control import Status

    _ask(name, Status())


@lab.command(name="list")
def list_labs() -> None:
    """Print the names of the labs that run."""
    from lab.places import running

    for each in running():
        click.echo(each)


@lab.command()
@click.argument("lab_name", metavar="[LAB]", default="")
@_name_flag
def stop(lab_name: str, name: str) -> None:
    """End a lab."""
    _with_caller(lab_name or name, lambda caller: caller.stop())


@lab.group()
def node() -> None:
    """Let nodes fail, and come back."""


@node.command(short_help="Let NODE lose its power.")
@_name_flag
@click.argument("node_name", metavar="NODE")
def down(name: str, node_name: str) -> None:
    """Let NODE lose its power: it and its pods fall silent, and after the grace period it is not ready."""
    from lab.control import Power

    _ask(name, Power(node_name, on=False))


@node.command(short_help="Give NODE its power back.")
@_name_flag
@click.argument("node_name", metavar="NODE")
def up(name: str, node_name: str) -> None:
    """Give NODE its power back; returns when all that runs there is ready."""
    from lab.control import Power

    _ask(name, Power(node_name, on=True))


@lab.group()
def pod() -> None:
    """Play what happens to pods."""


def _pod_command(command: Callable[..., None]) -> click.Command:
    """A command for one pod."""
    for decorate in (click.argument("pod_name", metavar="POD"), _namespace_flag, _name_flag):
        command = decorate(command)
    return pod.command()(command)


@_pod_command
def ready(name: str, namespace: str, pod_name: str) -> None:
    """Let the readiness probe of POD succeed again."""
    from lab.control import Readiness

    _ask(name, Readiness(pod=pod_name, namespace=namespace, ready=True))


@_pod_command
def unready(name: str, namespace: str, pod_name: str) -> None:
    """Let the readiness probe of POD fail; what runs in it goes on."""
    from lab.control import Readiness

    _ask(name, Readiness(pod=pod_name, namespace=namespace, ready=False))


@_pod_command
@click.option(
    "--grace-period", type=click.FloatRange(min=0), metavar="SECONDS", help="Default: as the pod's spec says."
)
def terminate(name: str, namespace: str, pod_name: str, grace_period: float | None) -> None:
    """Stop POD; it serves until its grace period is over. Then it is deleted."""
    from lab.control import Termination

    _ask(name, Termination(pod=pod_name, namespace=namespace, grace=grace_period))


@_pod_command
def delete(name: str, namespace: str, pod_name: str) -> None:
    """Delete POD at once; its controller replaces it. One that has none stays away until it is written anew."""
    from lab.control import Deletion

    _ask(name, Deletion(pod=pod_name, namespace=namespace))


@lab.command(short_help="Let no packet pass between two hosts.")
@_name_flag
@_namespace_flag
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
def partition(name: str, namespace: str, one: str, other: str) -> None:
    """Let no packet pass between A and B: nodes with their pods, single pods, hosts outside."""
    from lab.control import Cut

    _ask(name, Cut(one=one, other=other, namespace=namespace))


@lab.command(short_help="Let everything pass again.")
@_name_flag
@_namespace_flag
@click.argument("one", metavar="[A", default="")
@click.argument("other", metavar="B]", default="")
def heal(name: str, namespace: str, one: str, other: str) -> None:
    """Let everything pass again between A and B, or between all."""
    from lab.control import Heal

    if bool(one) != bool(other):
        raise click.UsageError("name both sides of the partition, or none to heal all")
    _ask(name, Heal(one=one, other=other, namespace=namespace))


@lab.command(short_help="Print what a host's program has written.")
@_name_flag
@_namespace_flag
@click.argument("host")
def logs(name: str, namespace: str, host: str) -> None:
    """Print what HOST's program has written: a node's agent, the load balancer, a pod's demo backend."""
    from lab.control import Logs

    _ask(name, Logs(host=host, namespace=namespace))


def _ask(name: str, request: Any) -> None:
    _with_caller(name, lambda caller: click.echo(caller.ask(request), nl=False))


def _execute(name: str, host: str, namespace: str, argv: tuple[str, ...]) -> NoReturn:
    code = _with_caller(name, lambda caller: caller.execute(host, namespace, argv))
    sys.exit(code)


def _with_caller(name: str, act: Callable[[Any], Any]) -> Any:
    """Ask a running lab; where that fails, say why and exit with 1."""
    from lab.controlclient import Caller, RefusedError
    from lab.places import PlaceError, connect

    try:
        return act(Caller(connect(name)))
    except (PlaceError, RefusedError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
