"""Members' collections of films."""
