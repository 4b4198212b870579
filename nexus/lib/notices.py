"""What others ask us to say."""

# The wording is TMDb's own: it is one of its terms of use.
TMDB_NOTICE = "This product uses the TMDB API but is not endorsed or certified by TMDB."
