"""The operations: each reads, makes one call into the domain, and renders."""
