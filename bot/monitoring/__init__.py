"""What others can see of a bot that runs: figures for Prometheus, and whether it is alive and ready."""
