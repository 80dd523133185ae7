"""What an agent tells of itself: Kubernetes' API read-only, its own status, events, and pictures of them."""
