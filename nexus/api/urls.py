"""Every path of the API; `CanonicalPath` adds their other spellings."""

from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.urls.converters import StringConverter

from nexus.api.views import (
    accounts,
    members,
    movies,
    onboarding,
    playlists,
    profiles,
    ratings,
    recommendations,
    takeout,
)


class IdConverter:
    """A key of PostgreSQL's integer type; larger numbers are no path of ours."""

    regex = "[0-9]{1,10}"
    largest = 2**31 - 1

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > self.largest:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        return str(value)


class RowConverter(IdConverter):
    """A key of PostgreSQL's bigint type."""

    regex = "[0-9]{1,19}"
    largest = 2**63 - 1


class UsernameConverter(StringConverter):
    regex = "[A-Za-z0-9_.-]{3,30}"


register_converter(IdConverter, "movie_id")
register_converter(RowConverter, "row_id")
register_converter(UsernameConverter, "username")

# By their first words, so that few are tried for each request; what is asked for most
# comes first.
NOUNS: dict[str, list[URLPattern]] = {
    "movies": [
        path("", movies.MovieList.as_view()),
        path("trending/", movies.Trending.as_view()),
        path("top_rated/", movies.TopRated.as_view()),
        path("recommendations/", recommendations.Recommendations.as_view()),
        path("<movie_id:movie_id>/", movies.MovieDetail.as_view()),
        path(
            "<movie_id:movie_id>/recommendations/",
            recommendations.TmdbRecommendations.as_view(),
        ),
        path("<movie_id:movie_id>/similar/", recommendations.Similar.as_view()),
        path("<movie_id:movie_id>/match_score/", recommendations.MatchScore.as_view()),
        path("<movie_id:movie_id>/ratings/", ratings.RatingsOfMovie.as_view()),
        path("<movie_id:movie_id>/rating/", ratings.MyRatingOfMovie.as_view()),
    ],
    "user": [
        path("recommendations/", recommendations.Recommendations.as_view()),
        path("profile/", profiles.Profile.as_view()),
        path("preferences/", profiles.Preferences.as_view()),
        path("history/", ratings.History.as_view()),
        path("history/<row_id:viewing_id>/", ratings.OneViewing.as_view()),
        path("hidden/", ratings.HiddenMovies.as_view()),
        path("hidden/<movie_id:movie_id>/", ratings.OneHiddenMovie.as_view()),
        path("onboarding/", onboarding.Onboarding.as_view()),
        path("onboarding/skips/", onboarding.Skips.as_view()),
        path("onboarding/skips/<movie_id:movie_id>/", onboarding.OneSkip.as_view()),
        path("export/", takeout.Export.as_view()),
    ],
    "ratings": [
        path("", ratings.RatingList.as_view()),
        path("<row_id:rating_id>/", ratings.OneRating.as_view()),
        path("<row_id:rating_id>/hidden/", ratings.HiddenReview.as_view()),
    ],
    "playlists": [
        path("", playlists.PlaylistList.as_view()),
        path("<uuid:playlist_id>/", playlists.OnePlaylist.as_view()),
        path("<uuid:playlist_id>/hidden/", playlists.HiddenPlaylist.as_view()),
        path("<uuid:playlist_id>/items/", playlists.PlaylistItems.as_view()),
        path("<uuid:playlist_id>/items/order/", playlists.ItemOrder.as_view()),
        path(
            "<uuid:playlist_id>/items/<movie_id:movie_id>/",
            playlists.OneItem.as_view(),
        ),
    ],
    "auth": [
        path("register/", accounts.Register.as_view()),
        path("login/", accounts.Login.as_view()),
        path("token/", accounts.Login.as_view()),
        path("token/refresh/", accounts.Refresh.as_view()),
        path("token/verify/", accounts.Verify.as_view()),
        path("logout/", accounts.Logout.as_view()),
        path("sessions/", accounts.Sessions.as_view()),
        path("sessions/<uuid:session_id>/", accounts.OneSession.as_view()),
        path("password/change/", accounts.PasswordChange.as_view()),
        path("password/reset/", accounts.PasswordReset.as_view()),
        path("password/reset/confirm/", accounts.PasswordResetConfirm.as_view()),
        path("email/verify/", accounts.EmailVerify.as_view()),
        path("email/verify/confirm/", accounts.EmailVerifyConfirm.as_view()),
        path("email/change/", accounts.EmailChange.as_view()),
        path("email/change/confirm/", accounts.EmailChangeConfirm.as_view()),
    ],
    "profiles": [
        path("me/", profiles.MyAccount.as_view()),
        path("stats/", profiles.Statistics.as_view()),
        path("<username:username>/", profiles.PublicProfile.as_view()),
    ],
    "users": [
        path("<username:username>/role/", members.RoleOfMember.as_view()),
        path("<username:username>/shut_out/", members.ShutOut.as_view()),
    ],
    "audit": [
        path("", members.AuditLog.as_view()),
    ],
    "genres": [
        path("", movies.Genres.as_view()),
    ],
    "tmdb": [
        path("search/", movies.TmdbSearch.as_view()),
        path("import/", movies.TmdbImport.as_view()),
    ],
}
urlpatterns: list[URLResolver] = [
    path(f"api/{noun}/", include(patterns)) for noun, patterns in NOUNS.items()
]
