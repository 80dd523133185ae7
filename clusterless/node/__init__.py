"""What runs on a node, wired: proxy, DNS server, health check node ports, and what is told of their health."""
