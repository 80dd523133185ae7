"""What runs on the host of the external load balancer, wired; and how it checks the nodes."""
