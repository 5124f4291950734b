"""What the service can do, whatever the platform."""
