"""Background work: thin tasks over the domain's operations."""
