"""Why a connection goes where it goes, by the very decisions of the proxy and the DNS server."""
