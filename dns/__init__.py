"""The cluster DNS server: a Snapshot becomes records, questions become answers as CoreDNS gives them.

The pure half decides: `names` (what a question asks for), `records` (what the cluster zones hold), `answer` (the
reply), `guard` (which packets may reach the parser). The I/O half acts: `server` (UDP and TCP), `forwarder`.
"""
