"""`clusterless lab`: how a lab starts, what runs on its hosts, how it lives and looks."""
