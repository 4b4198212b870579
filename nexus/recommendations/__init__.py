"""Feed, match score and similar titles: the database asked, the engine explained."""
