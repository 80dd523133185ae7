"""kube-proxy in userspace: a Snapshot becomes frontends, frontends become listeners, listeners move bytes.

The pure half decides: `frontends` (Snapshot to frontends), `plan` (what to open, update and close), `claims`
(whose address is it), `balancer` (which endpoint next), `loadbalancer` (the same, in front of the nodes). The I/O
half acts: `reconciler` carries a plan out, `reactor`, `relay` and `udp` move bytes, `addresses` and its helper process
hold the privilege.
"""
