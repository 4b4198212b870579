"""Members, where they are signed in, and what moderators did."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone

USERNAME = r"^[A-Za-z0-9_.-]{3,30}$"


class Role(models.TextChoices):
    MEMBER = "member"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Visibility(models.TextChoices):
    PRIVATE = "private"
    PUBLIC = "public"


class UserManager(BaseUserManager["User"]):
    """What Django's `createsuperuser` asks for; members come from `operations`."""

    def create_superuser(self, username: str, email: str, password: str) -> "User":
        user = self.model(
            username=username,
            email=email.lower(),
            name=username,
            role=Role.ADMIN,
        )
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A member: who they are to us and what they show of themselves."""

    username = models.CharField(max_length=30, validators=[RegexValidator(USERNAME)])
    email = models.EmailField(max_length=254, unique=True)  # always lower case
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    is_active = models.BooleanField(default=True)
    is_verified = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    bio = models.CharField(max_length=1000, blank=True)
    region = models.CharField(max_length=2, blank=True)  # ISO 3166-1
    language = models.CharField(max_length=5, default="en")  # BCP 47: en, pt-BR
    timezone = models.CharField(max_length=64, default="UTC")  # IANA
    visibility = models.CharField(
        max_length=10, choices=Visibility.choices, default=Visibility.PUBLIC
    )

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["username"]

    class Meta:
        constraints: ClassVar = [
            # Upper case, because that is what `iexact` compares.
            models.UniqueConstraint(Upper("username"), name="user_username_unique"),
            models.CheckConstraint(
                condition=Q(username__regex=USERNAME), name="user_username_shape"
            ),
            models.CheckConstraint(
                condition=Q(email=Lower(F("email"))), name="user_email_lower"
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_staff(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def is_moderator(self) -> bool:
        return self.role in {Role.MODERATOR, Role.ADMIN}

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Answer Django's admin: the role is all there is to permissions."""
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.has_perm(app_label)


class Session(models.Model):
    """One sign-in on one device; its refresh token is known by its hash only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    generation = models.PositiveIntegerField(default=1)
    refresh_hash = models.CharField(max_length=64)  # SHA-256, hexadecimal
    device = models.CharField(max_length=200, blank=True)
    address_prefix = models.CharField(max_length=50, blank=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["user", "-last_used_at", "-id"], name="session_user_last_used"
            ),
            models.Index(fields=["expires_at"], name="session_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.device or 'unknown device'} of {self.user_id}"


class ModerationEntry(models.Model):
    """What a moderator did to what a member published; rows are only ever added."""

    actor = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    action = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)  # such as "rating 12"
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
