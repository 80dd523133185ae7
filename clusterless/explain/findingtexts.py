"""Pure: the one table of findings: what people trip over, what it means, and what to change.

docs/troubleshooting.md has a section for each id.
"""

from typing import NamedTuple

from .findingids import FindingId

_ID = FindingId


class FindingText(NamedTuple):
    """What holds for every case: the heading, what it means, and what to change unless the case knows better."""

    title: str
    meaning: str
    change: str


FINDING_TEXTS: dict[FindingId, FindingText] = {
    _ID.SELECTOR_MATCHES_NOTHING: FindingText(
        "the selector matches no pod",
        "A Service finds its pods by labels alone, all of them, in its own namespace. A label that differs by one "
        "letter leaves it without endpoints, and connections are refused; nobody reports an error.",
        "make the selector equal to the labels in the pods' template (spec.template.metadata.labels)",
    ),
    _ID.PORT_NAME_MISMATCH: FindingText(
        "the endpoints' port has another name than the Service's",
        "The ports of a Service and of its hand-written EndpointSlice or Endpoints are joined by name and "
        'protocol. The number is the slice\'s, and targetPort is not read at all. An unnamed port is named "".',
        "give both ports the same name, or neither one",
    ),
    _ID.TARGET_PORT_NOT_DECLARED: FindingText(
        "targetPort names a port that pods do not declare",
        "A targetPort that is a name is looked up in each pod: the first container port with that name and "
        "protocol. A pod without one is listed as an address without this port, which looks populated and is "
        "refused.",
        "name a container port so (ports[].name in the pod), or write the number into targetPort",
    ),
    _ID.PODS_NOT_READY: FindingText(
        "the pods are there, but not ready",
        "Only pods whose readiness probes succeed get new connections. With publishNotReadyAddresses: true the "
        "others would get them too.",
        "see why the readiness probe fails (kubectl describe pod), or wait for it",
    ),
    _ID.PODS_NOT_RUNNING: FindingText(
        "the pods are not running",
        "A pod without an address can be no endpoint. Clusterless runs no containers: a pod has an address when "
        "its manifest says so (status.podIP), or when a lab or compose runs it.",
        "run the pods in the lab (clusterless lab), or write status.podIP where something else runs them",
    ),
    _ID.NO_ENDPOINTS: FindingText(
        "refused: there are no endpoints anywhere",
        "Without any endpoint a connection is refused at once, on every node alike. That tells it from a "
        "time-out, which means that endpoints exist where this node may not use them.",
        "get an endpoint ready: the endpoint list says what each one lacks",
    ),
    _ID.NO_LOCAL_ENDPOINT: FindingText(
        "times out: the endpoints are on other nodes, and the policy is Local",
        "With the traffic policy Local a node uses its own endpoints only. Where it has none it drops, rather "
        "than refuses, so that clients and load balancers try another node.",
        "ask a node that has an endpoint, run a pod on each node (a DaemonSet), or set the policy to Cluster",
    ),
    _ID.OUTSIDE_SOURCE_RANGES: FindingText(
        "the client is outside loadBalancerSourceRanges",
        "The ranges hold for the load balancer's addresses and for everybody, pods and nodes included; packets of "
        "others are dropped. ClusterIP and nodePorts are not filtered by them.",
        "add the client's range to spec.loadBalancerSourceRanges, or use the cluster IP from inside",
    ),
    _ID.ONLY_SOME_NODES_SERVE: FindingText(
        "works at one node and hangs at another",
        "externalTrafficPolicy: Local serves clients from outside only at nodes that have an endpoint, while pods "
        "and the node itself are short-circuited to all endpoints everywhere: from inside it always seems to "
        "work. A load balancer finds the right nodes by asking healthCheckNodePort.",
        "send clients through the load balancer or to the nodes marked above, or set externalTrafficPolicy: Cluster",
    ),
    _ID.CLIENT_ADDRESS_HIDDEN: FindingText(
        "the pod does not see the client's address",
        "A connection that is relayed or masqueraded arrives with the address of a node. Here that is always so; "
        "in a cluster, externalTrafficPolicy: Local keeps the address of clients from outside.",
        "have whatever stands in front pass the address on: an X-Forwarded-For header, or the PROXY protocol",
    ),
    _ID.LONG_LIVED_CONNECTIONS: FindingText(
        "long-lived connections stay where they are",
        "An endpoint is chosen once for a connection. HTTP keep-alive, HTTP/2 and gRPC hold one for hours, so "
        "that new endpoints get nothing until clients connect anew.",
        "limit the age of connections in client or server (gRPC: MAX_CONNECTION_AGE), or balance in the client "
        "with a headless Service",
    ),
    _ID.CONNECTIONS_OUTLIVE_ENDPOINTS: FindingText(
        "connections go on to endpoints that get no new ones",
        "An endpoint that is not ready, or gone, gets no new connections; established ones are not cut, neither "
        "here nor by kube-proxy.",
        "let the server close its connections when it is told to stop (SIGTERM, preStop)",
    ),
    _ID.UDP_FLOW_STICKS: FindingText(
        "UDP datagrams of one sender go to one endpoint",
        "All datagrams from one address and port are one flow, which keeps its endpoint until it was idle for 30 "
        "s (120 s once there were answers), or the endpoint stops serving. A resolver or game client that never "
        "changes its port is never balanced.",
        "send from a new port, or pause for longer than the idle time",
    ),
    _ID.AFFINITY_BY_ADDRESS: FindingText(
        "session affinity knows clients by their address alone",
        "sessionAffinity: ClientIP keeps one endpoint for each source address that the node sees. Clients behind "
        "one NAT or load balancer are one client to it; cookies and X-Forwarded-For are not read. Every new "
        "connection starts the time (timeoutSeconds) again.",
        "use externalTrafficPolicy: Local behind a load balancer that keeps addresses, or an HTTP proxy with cookies",
    ),
    _ID.PING_SAYS_NOTHING: FindingText(
        "ping says nothing about a Service",
        "A Service is addresses and ports; ICMP has no port. kube-proxy's virtual addresses do not answer ping "
        "even when all is well, and clusterless' answer even without endpoints.",
        "connect to a port instead: curl, or nc -vz",
    ),
    _ID.EXTERNAL_NAME_IS_AN_ALIAS: FindingText(
        "an ExternalName is an alias in DNS, and nothing else",
        "No proxy is involved: the client connects to the target itself, at the port that it asked for. It still "
        "says the Service's name in its Host header and TLS handshake, which the target's certificate does not "
        "have.",
        "have the client use the target's name for Host and TLS, or put a proxy in between",
    ),
    _ID.EXTERNAL_NAME_IS_AN_ADDRESS: FindingText(
        "externalName is an IP address",
        "externalName is a DNS name, whatever it looks like; a CNAME to an address leads nowhere, and the "
        "cluster's DNS answers NXDOMAIN.",
        "use a Service without selector, and an EndpointSlice with the address",
    ),
    _ID.NODE_PORT_NOT_HERE: FindingText(
        "nodePorts are not open on this address",
        "nodePorts open on the addresses that nodePortAddresses names: here the Node's own address (primary) and "
        "localhost, in the families that the Service has. The port number is nodePort, not port.",
        "ask the node's own address at the nodePort, or add the address to --nodeport-addresses",
    ),
    _ID.NODE_PORT_REFUSED: FindingText(
        "the nodePort is refused",
        "A nodePort is one number for the whole cluster and for all protocols, out of 30000-32767 unless the "
        "cluster says otherwise. The allocator knows numbers only: UDP 30053 is taken if TCP 30053 is.",
        "leave nodePort out, and a free one is picked",
    ),
    _ID.TCP_AND_UDP_SAME_PORT: FindingText(
        "one port number for TCP and UDP is lost by kubectl apply",
        "Client-side apply merges the list of ports by their number alone: a later change of the manifest may "
        "drop one of the two without an error.",
        "use kubectl apply --server-side, which merges by number and protocol",
    ),
    _ID.NAME_IN_OTHER_NAMESPACE: FindingText(
        "the Service is in another namespace",
        "A short name is looked for in the client's own namespace first, and then as it stands. A Service "
        "elsewhere takes its namespace along.",
        "call it NAME.NAMESPACE",
    ),
    _ID.SEARCH_LIST_EXPLOSION: FindingText(
        "the search list asks in vain first",
        "With ndots:5 a name of fewer than five dots is tried with each search domain before it is tried as it "
        "stands, A and AAAA each.",
        "write the name with a dot at its end, or give the pod a smaller ndots in dnsConfig",
    ),
    _ID.NOT_THE_CLUSTER_DNS: FindingText(
        "the client does not ask the cluster's DNS server",
        "Cluster names exist in the cluster's DNS server only. A pod asks it with dnsPolicy ClusterFirst (the "
        "default), and in the host's network only with ClusterFirstWithHostNet; nodes and machines outside do "
        "not.",
        "set dnsPolicy: ClusterFirstWithHostNet for a pod in the host's network, else use an address",
    ),
    _ID.CLUSTER_IP_IMMUTABLE: FindingText(
        "what is set once may not change",
        "The clusterIP of a Service is for life: the change is refused, and the Service goes on as it was.",
        "leave clusterIP out of the manifest, or delete the Service and create it again",
    ),
    _ID.LOAD_BALANCER_PENDING: FindingText(
        "the load balancer has no address yet",
        "Kubernetes gives no address: a load balancer's implementation does, by writing "
        "status.loadBalancer.ingress. Until then the Service is reached at its clusterIP and nodePorts only; "
        "spec.loadBalancerIP is just a wish.",
        "run an implementation (clusterless loadbalancer --load-balancer-ip-range CIDR, or the lab), or use the "
        "nodePort",
    ),
    _ID.PORT_NOT_LISTED: FindingText(
        "the Service has no such port",
        "Only the ports that spec.ports lists are open on a Service's addresses: port on the clusterIP, nodePort "
        "on the nodes. targetPort is the pods' side, and clients do not use it.",
        "use a port that is listed, or list this one",
    ),
    _ID.WRONG_PROTOCOL: FindingText(
        "the Service has the port for another protocol",
        "TCP and UDP ports are different ports. protocol is TCP where nothing is said.",
        "set the port's protocol, or ask with the other one (explain --udp)",
    ),
    _ID.TARGET_PORT_QUOTED_NUMBER: FindingText(
        "targetPort is a number in quotes",
        'A quoted targetPort is the name of a container port, and a name needs a letter: "8080" is refused.',
        "take the quotes away",
    ),
    _ID.UNEVEN_SPREAD: FindingText(
        "the connections are spread unevenly",
        "Each connection is placed by itself, whatever it carries. kube-proxy's choice is random, so that few "
        "connections are never even there; here they take turns, unless affinity or other nodes' proxies decide.",
        "count over many connections before taking it for a fault",
    ),
    _ID.MANIFEST_REFUSED: FindingText(
        "the manifest is refused",
        "What the API server refuses does not exist; of an object that existed before, the last good form goes on.",
        "see clusterless check -f FILE",
    ),
    _ID.NO_SUCH_NAME: FindingText(
        "nobody knows the name",
        "The DNS server has no such name in any of the search domains.",
        "see clusterless get services -A for the names that there are",
    ),
    _ID.UNALLOCATED_ADDRESS: FindingText(
        "no Service has this address",
        "The address lies in the Service range, and nobody answers for it: packets are dropped. A Service that "
        "was deleted and created again has another address; DNS knows which.",
        "use the Service's name instead of an address",
    ),
    _ID.CLUSTER_IP_FROM_OUTSIDE: FindingText(
        "a clusterIP is for inside the cluster",
        "Only nodes know what to do with it: outside there is no route to the Service range.",
        "use type: NodePort or LoadBalancer for clients outside, or ask from a pod",
    ),
    _ID.HEADLESS_KEEPS_THE_PORT: FindingText(
        "a headless Service does not translate ports",
        "DNS hands out the pods' own addresses, and clients connect there at whatever port they ask: targetPort "
        "is not applied. SRV records hold the pods' port.",
        "connect to the port that the pods listen on, or make port and targetPort equal",
    ),
    _ID.HEADLESS_IGNORES_FIELD: FindingText(
        "a headless Service has nothing to apply this to",
        "Without a clusterIP there is no proxying: policies, distribution and affinity have no effect.",
        "take the field away, or give the Service a clusterIP",
    ),
    _ID.EXTERNAL_NAME_IGNORES_FIELD: FindingText(
        "an ExternalName has nothing to apply this to",
        "An ExternalName is a CNAME in DNS: it has no ports to open or translate, and selects no pods.",
        "take the field away, or use another type",
    ),
    _ID.NAMESPACE_SHADOWS_NAMES: FindingText(
        "a namespace like this takes names away from others",
        "Search domains make NAME.NAMESPACE a name of its own: a Service `example` in a namespace `com` answers "
        "for example.com in every pod.",
        "call the namespace something that is no top-level domain and no word of the cluster's names",
    ),
    _ID.SLICE_WITHOUT_SERVICE: FindingText(
        "the EndpointSlice belongs to no Service",
        "A slice belongs to a Service by its label kubernetes.io/service-name, never by its own name.",
        "add the label with the Service's name, in the Service's namespace",
    ),
    _ID.ADDRESS_CLAIMED_TWICE: FindingText(
        "two Services have this address and port",
        "Kubernetes does not say who wins; here it is the same Service on every node.",
        "give one of them another address or port",
    ),
    _ID.ADDRESS_NOT_SERVED: FindingText(
        "this node does not serve the address",
        "A node binds addresses that it has, and claims those of the ranges that it was told to; never another host's.",
        "route the address to a node and allow it (--external-ip-range, --load-balancer-ip-range)",
    ),
    _ID.ENDPOINT_LOOPS: FindingText(
        "an endpoint is an address of this very proxy",
        "A connection to it would come back to the proxy, round and round: the endpoint is left out.",
        "write the address of the machine that serves into the slice",
    ),
    _ID.IGNORED_BY_THE_PROXY: FindingText(
        "the Service is labelled for another proxy",
        "With the label service.kubernetes.io/service-proxy-name, whatever its value, kube-proxy passes a Service "
        "over.",
        "take the label away, unless another proxy serves it",
    ),
}
