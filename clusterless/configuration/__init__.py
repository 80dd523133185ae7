"""What the program is told: flags, environment and kube-proxy's file, as one value that may change while it serves."""
