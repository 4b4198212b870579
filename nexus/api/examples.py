"""Examples of the OpenAPI document, by the name of their shape; tests check them."""

from typing import Any

ACCESS = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMiJ9.c2lnbmF0dXJl"
USER: dict[str, Any] = {
    "id": 12,
    "username": "ada",
    "name": "Ada",
    "email": "ada@example.org",
    "role": "member",
    "is_verified": False,
    "created_at": "2026-11-21T09:30:00Z",
}
MOVIE: dict[str, Any] = {
    "id": 603,
    "title": "The Matrix",
    "original_title": "The Matrix",
    "year": 1999,
    "release_date": "1999-03-31",
    "genres": [{"id": 28, "name": "Action"}, {"id": 878, "name": "Science Fiction"}],
    "runtime": 136,
    "vote_average": 8.2,
    "vote_count": 26000,
    "popularity": 74.5,
    "original_language": "en",
    "poster_url": "https://image.tmdb.org/t/p/w500/matrix.jpg",
}
REASON: dict[str, Any] = {
    "type": "rated_movie",
    "text": "You gave Blade Runner 5 stars.",
    "movie": {"id": 78, "title": "Blade Runner"},
    "points": 11.4,
}
GENRE_REASON: dict[str, Any] = {
    "type": "genre",
    "text": "You like Science Fiction films more than most people do.",
    "genre": {"id": 878, "name": "Science Fiction"},
    "points": 6.0,
}

EXAMPLES: dict[str, Any] = {
    "RegisterInputRequest": {
        "name": "Ada",
        "email": "ada@example.org",
        "password": "correct-horse-7",
    },
    "LoginInputRequest": {"email": "ada@example.org", "password": "correct-horse-7"},
    "TokenOutput": {
        "user": USER,
        "access": ACCESS,
        "refresh": ACCESS,
        "token_type": "Bearer",
        "expires_in": 600,
    },
    "RefreshInputRequest": {"refresh": ACCESS},
    "VerifyInputRequest": {"token": ACCESS},
    "PasswordChangeInputRequest": {
        "current_password": "correct-horse-7",
        "new_password": "battery-staple-8",
    },
    "UserOutput": USER,
    "PatchedProfileInputRequest": {"bio": "Mostly westerns.", "region": "FR"},
    "PreferencesInputRequest": {
        "genres": ["Drama", 878],
        "people": [],
        "movies": [603],
    },
    "PreferencesOutput": {
        "genres": [{"id": 18, "name": "Drama"}],
        "people": [],
        "movies": [{"id": 603, "name": "The Matrix"}],
    },
    "MovieOutput": MOVIE,
    "MoviePage": {
        "count": 1,
        "page": 1,
        "total_pages": 1,
        "next": None,
        "previous": None,
        "results": [MOVIE],
    },
    "MetaBody": {
        "source": "cache",
        "fetched_at": "2026-11-21T09:30:00Z",
        "degraded": False,
    },
    "ImportInputRequest": {"tmdb_id": 603},
    "RatingInputRequest": {"movie": 603, "stars": 4.5, "review": "Still stunning."},
    "VerdictInputRequest": {"stars": 4.5},
    "RatingOutput": {
        "id": 7,
        "movie": MOVIE,
        "user": {"username": "ada"},
        "stars": 4.5,
        "review": "Still stunning.",
        "contains_spoilers": False,
        "is_hidden": False,
        "created_at": "2026-11-21T09:30:00Z",
        "updated_at": "2026-11-21T09:30:00Z",
    },
    "ViewingInputRequest": {"movie": 603, "watched_on": "2026-11-20"},
    "HiddenInputRequest": {"movie": 603},
    "SkipInputRequest": {"movie": 603},
    "OnboardingOutput": {
        "cards": [{"movie": MOVIE, "position": 8}],
        "answered": 2,
        "skipped": 5,
        "total": 20,
        "is_complete": False,
    },
    "PlaylistInputRequest": {
        "name": "For the winter",
        "visibility": "public",
        "movies": [603],
    },
    "ItemInputRequest": {"movie": 603, "note": "On the big screen."},
    "OrderInputRequest": {"movies": [603, 78]},
    "MatchScoreOutput": {
        "movie_id": 603,
        "match_score": 86,
        "expected_stars": 4.57,
        "interval": [70, 94],
        "confidence": "medium",
        "evidence_count": 9,
        "components": [
            {"name": "genre_affinity", "points": 12},
            {"name": "rating_history", "points": 17},
            {"name": "popularity", "points": 8},
        ],
        "base_points": 49,
        "reasons": [REASON, GENRE_REASON],
        "cold_start": False,
        "model_version": "20261120-6a422486103eca24",
        "without": {
            "movie": {"id": 78, "title": "Blade Runner"},
            "match_score": 78,
            "expected_stars": 4.31,
            "interval": [58, 90],
            "difference": 8,
        },
    },
    "PickOutput": {"movie": MOVIE, "match_score": 86, "reasons": [REASON], "rank": 1},
    "ReasonRequest": {"reason": "Spoils the ending without a warning."},
}
