"""HTTP and HTML for people."""
