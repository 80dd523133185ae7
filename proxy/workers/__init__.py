"""More than one process for the bytes: one that decides and accepts, and workers that dial, relay and carry flows.

Why one acceptor: `rr` and affinity are promises about a Service's connections as a whole. The program accepts each TCP
client, picks its endpoint, and hands the descriptor on with that decision; a worker dials and relays, and asks back
only when an endpoint does not take the client. A UDP Service port belongs to one worker as a whole, with a duplicate of
its sockets. So whatever is exact in one process is exact among many.

The program's side: `crew` starts workers and replaces those that die, `seat` is one of them and `ledger` its books,
`handing` gives clients away, `datagrams` stands for UDP listeners elsewhere, `nursery` is what workers are forked from.
A worker's side: `worker` is the process, `handed` a client that was given to it, `choosers` and `notes` say what has
happened, `showing` what is open.
Both: `link` carries `messages`, `reports` are what was counted. `placement` decides who gets what, `respawn` when one
that died is replaced.
"""

from .crew import Crew
from .messages import Begin
from .nursery import Nursery, start_nursery
from .worker import work

__all__ = ["Begin", "Crew", "Nursery", "start_nursery", "work"]
