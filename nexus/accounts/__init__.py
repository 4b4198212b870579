"""Members, their sessions and roles. It must not know films."""
