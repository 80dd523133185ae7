"""The demo backend: a pod that says over HTTP, TCP and UDP who it is and whom it sees."""
