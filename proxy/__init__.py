"""kube-proxy in userspace: a Snapshot becomes frontends, frontends become listeners, listeners move bytes.

The pure half decides: `frontends` (Snapshot to frontends), `plan` (what to open, update and close), `claims`
(whose address is it), `balancer` (which endpoint next). The I/O half acts: `reconciler` carries a plan out,
`reactor` and `relay` move bytes, `addresses` and its helper process hold the privilege.
"""
