import re
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nexus.accounts.models import USERNAME, Role, Visibility
from nexus.api.fields import Text
from nexus.api.shapes.preferences import PreferencesOutput

# Line breaks and marks that turn the direction of the text around them.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class Email(Text, serializers.EmailField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


USERNAME_IN_WORDS = "3 to 30 letters, digits, dots, hyphens or underscores."


class Username(Text, serializers.RegexField):
    default_error_messages = {"invalid": USERNAME_IN_WORDS}

    def __init__(self, **options: Any) -> None:
        super().__init__(USERNAME, min_length=3, max_length=30, **options)


class Name(Text):
    """What a member is called: one line."""

    default_error_messages = {"unprintable": "A name is one line of visible letters."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=100, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if UNPRINTABLE.search(name):
            self.fail("unprintable")
        return name


class Password(Text):
    """Taken as it is: spaces at the ends belong to it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            min_length=1,
            max_length=256,
            trim_whitespace=False,
            write_only=True,
            **options,
        )


class RegisterInput(serializers.Serializer[Any]):
    name = Name()
    email = Email()
    password = Password(help_text="At least 8 characters, not a common one.")
    username = Username(required=False, help_text="Made from the address if left out.")


class LoginInput(serializers.Serializer[Any]):
    """`email` or `username` names the account; one of the two is needed."""

    email = Text(max_length=254, required=False)
    username = Text(max_length=254, required=False)
    password = Password()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        login = attrs.get("email") or attrs.get("username")
        if login is None:
            raise serializers.ValidationError(
                {"email": "This field is required."}, "required"
            )
        return {"login": login, "password": attrs["password"]}


class UserOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Role.choices)
    is_verified = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class TokenOutput(serializers.Serializer[Any]):
    user = UserOutput()
    access = serializers.CharField()
    refresh = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["Bearer"])
    expires_in = serializers.IntegerField(help_text="Seconds until `access` expires.")


class RefreshInput(serializers.Serializer[Any]):
    refresh = Text(max_length=2000)


class LogoutInput(serializers.Serializer[Any]):
    refresh = Text(max_length=2000, required=False)


class VerifyInput(serializers.Serializer[Any]):
    token = Text(max_length=2000)


class EmptyOutput(serializers.Serializer[Any]):
    """An empty object."""


class SessionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    device = serializers.SerializerMethodField(
        help_text="What the client called itself."
    )
    address_prefix = serializers.SerializerMethodField(
        help_text="The network it came from."
    )
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    is_current = serializers.SerializerMethodField()

    def get_device(self, session: Any) -> str | None:
        return session.device or None

    def get_address_prefix(self, session: Any) -> str | None:
        return session.address_prefix or None

    def get_is_current(self, session: Any) -> bool:
        return bool(session.pk == self.context["session_id"])


class PasswordChangeInput(serializers.Serializer[Any]):
    current_password = Password()
    new_password = Password()


class PasswordResetInput(serializers.Serializer[Any]):
    email = Email()


class PasswordResetConfirmInput(serializers.Serializer[Any]):
    token = Text(max_length=500)
    new_password = Password()


class EmailVerifyInput(serializers.Serializer[Any]):
    token = Text(max_length=500)


class EmailChangeInput(serializers.Serializer[Any]):
    new_email = Email()
    password = Password()


class EmailChangeOutput(serializers.Serializer[Any]):
    is_changed = serializers.BooleanField(
        help_text="`false`: the code of the other address is still to come."
    )


class PasswordInput(serializers.Serializer[Any]):
    password = Password()


known_timezones = lru_cache(available_timezones)  # it walks a folder


class Timezone(Text):
    default_error_messages = {
        "timezone": "Give an IANA time zone, such as Europe/Paris."
    }

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name not in known_timezones():
            self.fail("timezone")
        return name


class ProfileInput(serializers.Serializer[Any]):
    """null unsets what may be unknown."""

    username = Username(required=False)
    name = Name(required=False)
    bio = Text(max_length=1000, allow_blank=True, allow_null=True, required=False)
    region = serializers.RegexField(
        r"^([A-Z]{2})?$",
        allow_blank=True,
        allow_null=True,
        required=False,
        error_messages={"invalid": "A region looks like PT: ISO 3166-1."},
        help_text="ISO 3166-1.",
    )
    language = serializers.RegexField(
        r"^[a-z]{2}(-[A-Z]{2})?$",
        required=False,
        error_messages={"invalid": "A language looks like pt or pt-BR."},
        help_text="Such as `en` or `pt-BR`.",
    )
    timezone = Timezone(
        max_length=64, required=False, help_text="IANA, `Europe/Paris`."
    )
    visibility = serializers.ChoiceField(choices=Visibility.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {name: "" if value is None else value for name, value in attrs.items()}


class ProfileReplacement(ProfileInput):
    """PUT: what is left out returns to its default; `name` has none."""

    name = Name()


class ProfileOutput(UserOutput):
    bio = serializers.CharField(allow_null=True)
    region = serializers.CharField(allow_null=True)
    language = serializers.CharField()
    timezone = serializers.CharField()
    visibility = serializers.ChoiceField(choices=Visibility.choices)
    preferences = serializers.SerializerMethodField()

    @extend_schema_field(PreferencesOutput)
    def get_preferences(self, user: Any) -> dict[str, Any]:
        return dict(PreferencesOutput(self.context["preferences"]).data)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        data = super().to_representation(instance)
        return data | {name: data[name] or None for name in ("bio", "region")}


class PublicProfileOutput(serializers.Serializer[Any]):
    username = serializers.CharField()
    name = serializers.CharField()
    bio = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_bio(self, user: Any) -> str | None:
        return user.bio or None


class UserRef(serializers.Serializer[Any]):
    username = serializers.CharField()
