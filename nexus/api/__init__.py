"""HTTP and JSON: parse, one call into the domain, render."""
