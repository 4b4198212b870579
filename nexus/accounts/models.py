"""Members, where they are signed in, and the log of what touched their access."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Permission
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone
from django.utils.functional import cached_property

USERNAME = r"^[A-Za-z0-9_.-]{3,30}$"
TAKEN = "A member has this username or address already: `promote` gives them a role."


class Role(models.TextChoices):
    MEMBER = "member"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Visibility(models.TextChoices):
    PRIVATE = "private"
    PUBLIC = "public"


def present(path: str = "") -> Q:
    """Match members who are neither shut out nor leaving; `path` leads to the member.

    What they published is to be seen only as long as they are.
    """
    return Q((f"{path}is_active", True), (f"{path}closed_at", None))


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
        try:
            with transaction.atomic(using=self._db):
                user.save(using=self._db)
                AuditEntry.objects.using(self._db).create(
                    action="admin_created", member=user, created_at=user.created_at
                )
        except IntegrityError as error:
            # The command shows it; any other kind would end in a traceback.
            raise ValidationError(TAKEN) from error
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A member: who they are to us and what they show of themselves."""

    username = models.CharField(max_length=30, validators=[RegexValidator(USERNAME)])
    email = models.EmailField(max_length=254, unique=True)  # always lower case
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    is_active = models.BooleanField(default=True)  # False: shut out by an admin
    closed_at = models.DateTimeField(null=True, blank=True)  # leaving, see `closing`
    # Grows when sessions end or the role changes: older tokens are looked up.
    token_version = models.PositiveIntegerField(default=1, db_default=1)
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
        permissions: ClassVar = [
            ("manage_roles", "Can give roles and shut members out")
        ]
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
        indexes: ClassVar = [
            models.Index(
                fields=["closed_at"],
                name="user_closed",
                condition=Q(closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_staff(self) -> bool:
        """Say whether the administration's pages are open to them."""
        return self.role == Role.ADMIN and self.closed_at is None

    @cached_property
    def permissions(self) -> frozenset[str]:
        """What the group named like the role allows, each as `app.codename`.

        Members may do what is theirs to do, and that takes no permission.
        """
        if self.role == Role.MEMBER:
            return frozenset()
        found = Permission.objects.filter(group__name=self.role)
        pairs = found.values_list("content_type__app_label", "codename")
        return frozenset(f"{app}.{codename}" for app, codename in pairs)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and perm in self.permissions

    def has_module_perms(self, app_label: str) -> bool:
        mine = self.permissions if self.is_active else ()
        return any(perm.startswith(f"{app_label}.") for perm in mine)


class Session(models.Model):
    """One sign-in on one device; its refresh token is known by its hash only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    generation = models.PositiveIntegerField(default=1)
    refresh_hash = models.CharField(max_length=64)  # SHA-256, hexadecimal
    # Of the one before.
    spent_hash = models.CharField(max_length=64, blank=True, db_default="")
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


class EmailChange(models.Model):
    """A new address that waits until both mailboxes have confirmed it."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, related_name="email_change"
    )
    new_email = models.EmailField(max_length=254)  # always lower case
    requested_at = models.DateTimeField()
    old_confirmed_at = models.DateTimeField(null=True, blank=True)
    new_confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(new_email=Lower(F("new_email"))),
                name="email_change_lower",
            ),
        ]

    def __str__(self) -> str:
        return f"change of address of {self.user_id}"


class AuditEntry(models.Model):
    """What somebody did to a member's access or to what a member published.

    A trigger lets rows only be added; of old ones only the members may be forgotten.
    """

    created_at = models.DateTimeField()
    actor = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )  # null: the command line, the program itself, or a member who left
    member = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )  # whom it is about
    action = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, blank=True)  # such as "rating 12"
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="audit_newest"),
            models.Index(fields=["member", "-created_at"], name="audit_of_member"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
