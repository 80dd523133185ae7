"""What an agent tells of itself: Kubernetes' API read-only, its own status, events; how to ask it, and `top`."""
