"""Pure: `minimal`: good answers go out without authority and additional records."""

from collections.abc import Sequence

import msgspec

from dns.corefile import Directive
from dns.model import Rcode, Reply
from dns.steps import Following, Step, Steps, Visit, replied

from .base import Plugin, PluginSettings, Report, Scope, no_arguments, no_options


class Minimal(PluginSettings, frozen=True):
    """Asks for it."""


def configure(directives: Sequence[Directive], _scope: Scope, report: Report) -> Minimal:
    """It takes neither arguments nor options."""
    no_arguments(directives[0], report)
    no_options(directives[0], report)
    return Minimal()


def step(_settings: Minimal) -> Step:
    """Denials and errors keep what explains them, delegations what they are made of."""

    def strip(visit: Visit, following: Following) -> Steps:
        result = yield from following(visit)
        return replied(result, _stripped(result.reply))

    return strip


def _stripped(reply: Reply) -> Reply:
    if reply.rcode is not Rcode.NOERROR or not reply.answer:
        return reply
    return msgspec.structs.replace(reply, authority=(), additional=())


PLUGIN = Plugin("minimal", configure, step=step)
