"""What members say of films: ratings, history, preferences, what they hide and skip."""
