"""The program beside the best proxies and DNS servers, in one run, on loopback in namespaces of its own."""
