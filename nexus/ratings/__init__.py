"""What a member says of films: ratings, reviews, history, preferences, hidden films."""
