"""A made-up version after this one, whose ratings have a mood."""
