"""Nodes and pods as network namespaces, made without root or Docker."""
