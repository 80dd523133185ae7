"""What can be said of manifests without serving them: what the API server would say, and a pod's environment."""
