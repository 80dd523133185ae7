"""What Prometheus scrapes: families made when somebody asks, from what is counted anyway."""
