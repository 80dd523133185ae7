"""The cluster DNS server: a Snapshot becomes records, questions become answers as CoreDNS gives them.

The pure half decides: `guard` (which packets are queries), `grammar` (what a name asks for), `records` (what the
cluster zones hold), `answer` (the outcome, by type in `answer_*`), `packet` (replies on the wire), `responses` (what
upstreams sent), `pipeline` (the plugins' order). The I/O half acts: `server`, `forwarder`.
"""
