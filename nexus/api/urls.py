"""Every path of the API; `CanonicalPath` adds their other spellings."""

from django.urls import URLPattern, path, register_converter
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

urlpatterns: list[URLPattern] = [
    path("auth/register/", accounts.Register.as_view()),
    path("auth/login/", accounts.Login.as_view()),
    path("auth/token/", accounts.Login.as_view()),
    path("auth/token/refresh/", accounts.Refresh.as_view()),
    path("auth/token/verify/", accounts.Verify.as_view()),
    path("auth/logout/", accounts.Logout.as_view()),
    path("auth/sessions/", accounts.Sessions.as_view()),
    path("auth/sessions/<uuid:session_id>/", accounts.OneSession.as_view()),
    path("auth/password/change/", accounts.PasswordChange.as_view()),
    path("auth/password/reset/", accounts.PasswordReset.as_view()),
    path("auth/password/reset/confirm/", accounts.PasswordResetConfirm.as_view()),
    path("auth/email/verify/", accounts.EmailVerify.as_view()),
    path("auth/email/verify/confirm/", accounts.EmailVerifyConfirm.as_view()),
    path("auth/email/change/", accounts.EmailChange.as_view()),
    path("auth/email/change/confirm/", accounts.EmailChangeConfirm.as_view()),
    path("user/profile/", profiles.Profile.as_view()),
    path("user/preferences/", profiles.Preferences.as_view()),
    path("user/history/", ratings.History.as_view()),
    path("user/history/<row_id:viewing_id>/", ratings.OneViewing.as_view()),
    path("user/hidden/", ratings.HiddenMovies.as_view()),
    path("user/hidden/<movie_id:movie_id>/", ratings.OneHiddenMovie.as_view()),
    path("user/onboarding/", onboarding.Onboarding.as_view()),
    path("user/onboarding/skips/", onboarding.Skips.as_view()),
    path("user/onboarding/skips/<movie_id:movie_id>/", onboarding.OneSkip.as_view()),
    path("user/export/", takeout.Export.as_view()),
    path("user/recommendations/", recommendations.Recommendations.as_view()),
    path("profiles/me/", profiles.MyAccount.as_view()),
    path("profiles/stats/", profiles.Statistics.as_view()),
    path("profiles/<username:username>/", profiles.PublicProfile.as_view()),
    path("users/<username:username>/role/", members.RoleOfMember.as_view()),
    path("users/<username:username>/shut_out/", members.ShutOut.as_view()),
    path("audit/", members.AuditLog.as_view()),
    path("genres/", movies.Genres.as_view()),
    path("movies/", movies.MovieList.as_view()),
    path("movies/trending/", movies.Trending.as_view()),
    path("movies/top_rated/", movies.TopRated.as_view()),
    path("movies/recommendations/", recommendations.Recommendations.as_view()),
    path("movies/<movie_id:movie_id>/", movies.MovieDetail.as_view()),
    path(
        "movies/<movie_id:movie_id>/recommendations/",
        recommendations.TmdbRecommendations.as_view(),
    ),
    path("movies/<movie_id:movie_id>/similar/", recommendations.Similar.as_view()),
    path(
        "movies/<movie_id:movie_id>/match_score/", recommendations.MatchScore.as_view()
    ),
    path("movies/<movie_id:movie_id>/ratings/", ratings.RatingsOfMovie.as_view()),
    path("movies/<movie_id:movie_id>/rating/", ratings.MyRatingOfMovie.as_view()),
    path("tmdb/search/", movies.TmdbSearch.as_view()),
    path("tmdb/import/", movies.TmdbImport.as_view()),
    path("ratings/", ratings.RatingList.as_view()),
    path("ratings/<row_id:rating_id>/", ratings.OneRating.as_view()),
    path("ratings/<row_id:rating_id>/hidden/", ratings.HiddenReview.as_view()),
    path("playlists/", playlists.PlaylistList.as_view()),
    path("playlists/<uuid:playlist_id>/", playlists.OnePlaylist.as_view()),
    path("playlists/<uuid:playlist_id>/hidden/", playlists.HiddenPlaylist.as_view()),
    path("playlists/<uuid:playlist_id>/items/", playlists.PlaylistItems.as_view()),
    path("playlists/<uuid:playlist_id>/items/order/", playlists.ItemOrder.as_view()),
    path(
        "playlists/<uuid:playlist_id>/items/<movie_id:movie_id>/",
        playlists.OneItem.as_view(),
    ),
]
