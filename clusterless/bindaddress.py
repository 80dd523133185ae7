"""Pure: what a wildcard in a setting stands for: the node's own addresses, never those that Services have."""

from ipaddress import ip_address

from proxy.hostfacts import HostFacts


def node_addresses(host: str, facts: HostFacts) -> list[str]:
    """The addresses to listen on for `host`: itself, or for `0.0.0.0` and `::` every address of that node's family.

    A real wildcard would collide with a Service's port of the same number, and answer on every cluster IP.
    """
    if host not in ("", "0.0.0.0", "::", "*"):
        return [host]
    own = [ip_address(each.address) for each in facts.addresses]
    families = (4,) if host == "0.0.0.0" else (4, 6)
    # A link-local address needs its device as a scope, and nobody probes it.
    return [str(each) for each in own if each.version in families and not each.is_link_local]
