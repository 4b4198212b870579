import pytest

from nexus.lib.mail_url import parse_mail_url


def test_it_works() -> None:
    found = parse_mail_url("smtp+tls://ada:p%40ss%2Fword@mail.example.org:2525")

    assert found == {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "mail.example.org",
        "EMAIL_PORT": 2525,
        "EMAIL_HOST_USER": "ada",
        "EMAIL_HOST_PASSWORD": "p@ss/word",
        "EMAIL_USE_TLS": True,
        "EMAIL_USE_SSL": False,
        "EMAIL_TIMEOUT": 10,
    }


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example.org", 25, False, False),
        ("smtp+tls://mail.example.org", 587, True, False),
        ("smtps://mail.example.org", 465, False, True),
        ("SMTPS://mail.example.org/", 465, False, True),
    ],
)
def test_it_knows_the_usual_ports(url: str, port: int, tls: bool, ssl: bool) -> None:
    found = parse_mail_url(url)

    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.org", port)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (tls, ssl)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("", "")


def test_it_prints_mails() -> None:
    assert parse_mail_url("console:") == {
        "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"
    }


def test_it_writes_mails_to_a_folder() -> None:
    found = parse_mail_url("file:///var/mails%20of%20nexus")

    assert found["EMAIL_FILE_PATH"] == "/var/mails of nexus"
    assert found["EMAIL_BACKEND"].endswith("filebased.EmailBackend")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp:",
        "smtp://",
        "smtp://user:password@",
        "smtp://mail.example.org:mail",
        "smtp://mail.example.org:70000",
        "file:",
        "file://",
        "file:mails",
        "file://mails/today",
    ],
)
def test_it_refuses_what_makes_no_sense(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the variable's reader names the rest
        parse_mail_url(url)
