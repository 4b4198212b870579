"""What one request costs inside a web process."""
