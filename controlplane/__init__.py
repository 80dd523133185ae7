"""What a cluster's control plane does: manifests in, one immutable Snapshot out.

The way of a document through this package:

* `manifests` and its parts `manifests_*` read files into Documents; with `state` and `sharedfile` they are all the I/O;
* `decode` makes typed `objects` of them, `defaults` fills in what was left out, `validation` and `updates` judge;
* `allocation` hands out cluster IPs and node ports;
* `workloads` makes Pods, `endpointslices` and `mirroring` make EndpointSlices;
* `registry` keeps what was accepted, and `build` runs all of this in order and yields the `snapshot.Snapshot`.

All modules but those are pure: a function of their arguments, without clock, socket, file or chance.
"""
