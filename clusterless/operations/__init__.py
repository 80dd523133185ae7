"""What whoever operates the program sees of it: logs, health endpoints, systemd's messages, who holds the loop up."""
