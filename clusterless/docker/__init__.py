"""Which Pods the containers of a Docker engine are, followed while they come and go."""
