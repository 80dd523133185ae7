"""What a cluster's control plane does: manifests in, one immutable Snapshot out.

The way of a document through this package:

* `manifests` reads files into Documents; with `state` it is all the I/O there is here;
* `decode` makes typed `objects` of them, `defaults` fills in what was left out, `validation` and `updates` judge;
* `allocation` hands out cluster IPs and node ports;
* `workloads` makes Pods, `endpointslices` and `mirroring` make EndpointSlices;
* `build` runs these in order over everything and yields the `snapshot.Snapshot`.

All modules but the two named are pure: a function of their arguments, without clock, socket, file or chance.
"""
