"""Films, genres and people: our copy of TMDb. It must not know members."""
