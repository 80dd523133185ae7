"""Pictures of Services: their ports, endpoints and nodes, as Mermaid, Graphviz or SVG."""
