#!/bin/sh
# What a host of the compose lab does before its program: takes the addresses and routes of its place in the network,
# which no Docker network gives, and becomes the program. A container that is started again does all of it again.
# Usage: host.sh COMMAND [ARGUMENT...]; needs CAP_NET_ADMIN. By the environment:
#   ADDRESSES   "10.0.1.101"                addresses of its own, besides those that Docker gave it
#   GATEWAY_OF  "10.244.1.0/24"             the network whose default gateway it is: it takes the first address
#   ROUTES      "10.244.2.0/24 10.240.0.5"  a route a line: where to, and through whom
#   LAB         "10.244.0.0/16, ..."        what the network at GATEWAY_OF sends elsewhere goes out with our address
set -eu

for address in ${ADDRESSES:-}; do
    ip address replace "$address/32" dev lo
done

if [ -n "${GATEWAY_OF:-}" ]; then
    device=$(ip -o -4 address show to "$GATEWAY_OF" | awk '{ print $2; exit }')
    ip address replace "${GATEWAY_OF%.*}.1/${GATEWAY_OF#*/}" dev "$device"
fi

echo "${ROUTES:-}" | while read -r destination gateway; do
    [ -z "$destination" ] || ip route replace "$destination" via "$gateway"
done

# As nodes do in a cluster, too: the world knows no pods' addresses. Only the way out depends on it.
if [ -n "${GATEWAY_OF:-}" ]; then
    nft -f - <<RULES || echo "host.sh: no masquerading: $GATEWAY_OF has no way out of the lab" >&2
table ip clusterless_lab
delete table ip clusterless_lab
table ip clusterless_lab {
    chain out {
        type nat hook postrouting priority srcnat
        ip saddr $GATEWAY_OF ip daddr != { $LAB } masquerade
    }
}
RULES
fi

exec "$@"
