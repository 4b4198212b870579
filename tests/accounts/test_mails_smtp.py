"""Our mails on their way through a real mail server."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from smtplib import SMTPAuthenticationError, SMTPNotSupportedError
from ssl import SSLCertVerificationError
from threading import Event
from time import monotonic

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import Settings

from nexus.accounts.models import User
from nexus.jobs.tasks import PATIENT
from nexus.jobs.worker import WorkerThread
from nexus.lib.mail_url import parse_mail_url
from tests.builders import PASSWORD, make_user
from tests.client import Api
from tests.mailbox import code_in, run_jobs
from tests.smtp_server import Kind, Mail, SmtpServer, certificate
from tests.tokens import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_timetable")]

LIMIT_S = 60
MOST_RETRIES = PATIENT.max_attempts or 0
LOGIN = ("films@example.org", "p@ss:w/rd 50%?#")
NEW = "battery-staple-8"

# Django leaves a connection that it could not use to the garbage collector.
unclosed = pytest.mark.filterwarnings(
    "ignore:.*<socket:pytest.PytestUnraisableExceptionWarning"
)

Use = Callable[[SmtpServer], None]


@pytest.fixture
def use(settings: Settings) -> Use:
    """Make the product send its mails through the server, as EMAIL_URL would."""

    def apply(smtp: SmtpServer) -> None:
        settings.DEFAULT_FROM_EMAIL = "Nexus <films@example.org>"
        for name, value in parse_mail_url(smtp.url).items():
            setattr(settings, name, value)

    return apply


@pytest.fixture
def smtp(use: Use) -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        use(server)
        yield server


def ask_for_password(user: User) -> None:
    answer = Api().post("/api/auth/password/reset/", {"email": user.email})
    assert answer.status == 202


def assert_refused(kind: type[Exception], *, match: str | None = None) -> None:
    with pytest.raises(kind, match=match):
        run_jobs()
    gc.collect()  # of `unclosed` connections, before the next test


def code_of(mail: Mail) -> str:
    return code_in(EmailMessage(body=mail.text))


def test_it_works(smtp: SmtpServer, owner: User) -> None:
    ask_for_password(owner)
    run_jobs()

    (mail,) = smtp.mails
    assert (mail.sender, mail.recipients) == ("films@example.org", [owner.email])
    assert mail.message["From"] == "Nexus <films@example.org>"
    assert mail.message["To"] == owner.email
    body = {"token": code_of(mail), "new_password": NEW}
    assert Api().post("/api/auth/password/reset/confirm/", body).status == 204
    assert sign_in(password=NEW)


def test_it_asks_new_members_for_their_address(smtp: SmtpServer, api: Api) -> None:
    body = {"name": "Ada", "email": "ada@example.org", "password": PASSWORD}
    assert api.post("/api/auth/register/", body).status == 201
    run_jobs()

    (mail,) = smtp.mails
    assert mail.recipients == ["ada@example.org"]
    token = {"token": code_of(mail)}
    assert api.post("/api/auth/email/verify/confirm/", token).status == 204


def test_it_sends_plain_text(smtp: SmtpServer, owner: User) -> None:
    ask_for_password(owner)
    run_jobs()

    message = smtp.mails[0].message
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"
    assert message["Subject"]
    assert message["Date"]
    assert message["Message-ID"]
    assert max(map(len, smtp.mails[0].raw.splitlines())) <= 998  # RFC 5322's limit


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_it_says_nothing_in_the_words_of_a_name(smtp: SmtpServer, end: str) -> None:
    name = f"Ada{end}Bcc: all@example.net{end}{end}Buy my films"

    ask_for_password(make_user("ada", name=name))
    run_jobs()

    (mail,) = smtp.mails
    assert mail.recipients == ["ada@example.org"]
    assert b"all@example.net" not in mail.raw
    assert b"films" not in mail.raw.partition(b"\r\n\r\n")[2]


def test_it_signs_in_with_what_the_address_says(use: Use, owner: User) -> None:
    with SmtpServer(login=LOGIN) as smtp:
        use(smtp)
        ask_for_password(owner)
        run_jobs()

    assert [mail.login for mail in smtp.mails] == [LOGIN[0]]


@unclosed
def test_it_is_refused_with_a_wrong_password(
    use: Use, owner: User, settings: Settings
) -> None:
    with SmtpServer(login=LOGIN) as smtp:
        use(smtp)
        settings.EMAIL_HOST_PASSWORD = "another"
        ask_for_password(owner)
        assert_refused(SMTPAuthenticationError)

    assert smtp.mails == []


@pytest.mark.parametrize("wrapped", [False, True])
def test_it_encrypts(
    use: Use, owner: User, monkeypatch: pytest.MonkeyPatch, wrapped: bool
) -> None:
    with (
        certificate("127.0.0.1") as (tls, authority),
        SmtpServer(login=LOGIN, tls=tls, wrapped=wrapped) as smtp,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        use(smtp)
        ask_for_password(owner)
        run_jobs()

    assert [(mail.login, mail.is_encrypted) for mail in smtp.mails] == [
        (LOGIN[0], True)
    ]


@pytest.mark.parametrize("wrapped", [False, True])
def test_it_refuses_certificates_of_unknown_authorities(
    use: Use, owner: User, wrapped: bool
) -> None:
    with (
        certificate("127.0.0.1") as (tls, _),
        SmtpServer(tls=tls, wrapped=wrapped) as smtp,
    ):
        use(smtp)
        ask_for_password(owner)
        assert_refused(SSLCertVerificationError, match="unable to get")

    assert smtp.mails == []


@pytest.mark.parametrize("wrapped", [False, True])
def test_it_refuses_certificates_of_others(
    use: Use, owner: User, monkeypatch: pytest.MonkeyPatch, wrapped: bool
) -> None:
    with (
        certificate("mail.example.org") as (tls, authority),
        SmtpServer(tls=tls, wrapped=wrapped) as smtp,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        use(smtp)
        ask_for_password(owner)
        assert_refused(SSLCertVerificationError, match="mismatch")

    assert smtp.mails == []


@unclosed
def test_it_sends_nothing_openly_where_it_was_to_encrypt(
    smtp: SmtpServer, owner: User, settings: Settings
) -> None:
    url = smtp.url.replace("smtp:", "smtp+tls:")
    for name, value in parse_mail_url(url).items():
        setattr(settings, name, value)

    ask_for_password(owner)
    assert_refused(SMTPNotSupportedError)

    assert smtp.mails == []


@contextmanager
def working() -> Iterator[None]:
    thread = WorkerThread()
    thread.start()
    try:
        yield
    finally:
        thread.stop()
    assert not thread.is_alive()


def wait_for(status: str, *, attempts: int) -> None:
    give_up_at = monotonic() + LIMIT_S
    pause = Event()
    wanted = {"task_name": "send_password_reset", "attempts": attempts}
    while not ProcrastinateJob.objects.filter(status=status, **wanted).exists():
        assert monotonic() < give_up_at
        pause.wait(0.02)


def hasten() -> None:
    """Make what waits for its next try due at once."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["451", "550", "hang", "hang_at_end"])
def test_it_tries_again_and_sends_once(
    smtp: SmtpServer, owner: User, settings: Settings, kind: Kind
) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    smtp.fail(kind, times=1)

    ask_for_password(owner)
    with working():
        wait_for("todo", attempts=1)
    settings.EMAIL_TIMEOUT = 10
    hasten()
    with working():
        wait_for("succeeded", attempts=2)

    assert [mail.recipients for mail in smtp.mails] == [[owner.email]]


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_a_server_that_is_away(smtp: SmtpServer, owner: User) -> None:
    smtp.stop()

    ask_for_password(owner)
    with working():
        wait_for("todo", attempts=1)
    smtp.start()
    hasten()
    with working():
        wait_for("succeeded", attempts=2)

    assert [mail.recipients for mail in smtp.mails] == [[owner.email]]


@pytest.mark.django_db(transaction=True)
def test_it_gives_up_in_the_end(smtp: SmtpServer, owner: User) -> None:
    smtp.fail("550")
    ask_for_password(owner)

    for attempt in range(1, MOST_RETRIES + 1):
        with working():
            wait_for("todo", attempts=attempt)
        hasten()
    with working():
        wait_for("failed", attempts=MOST_RETRIES + 1)

    assert smtp.mails == []
