"""Feed, match score and similar titles: asks the database, calls the engine, explains."""
