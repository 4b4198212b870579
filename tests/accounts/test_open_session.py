import pytest

from nexus.accounts.models import User
from nexus.accounts.sessions import SessionEnded, open_session
from tests.builders import NOW


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("unix:", ""),
        ("192.0.2.77:5000", ""),
    ],
)
def test_it_keeps_the_network_only(owner: User, address: str, prefix: str) -> None:
    opened = open_session(user=owner, device="", address=address, now=NOW)

    assert opened.session.address_prefix == prefix


@pytest.mark.parametrize(
    ("device", "kept"),
    [("Kettle 1.0", "Kettle 1.0"), ("a\0b\nc", "abc"), ("k" * 300, "k" * 200)],
)
def test_it_keeps_what_can_be_shown_of_the_device(
    owner: User, device: str, kept: str
) -> None:
    opened = open_session(user=owner, device=device, address="", now=NOW)

    opened.session.refresh_from_db()
    assert opened.session.device == kept


def test_it_keeps_a_hash_of_the_secret_only(owner: User) -> None:
    opened = open_session(user=owner, device="", address="", now=NOW)

    assert opened.secret not in str(vars(opened.session))


@pytest.mark.parametrize("change", [{"password": "!"}, {"is_active": False}])
def test_it_refuses_what_changed_since_the_password_was_checked(
    owner: User, change: dict[str, object]
) -> None:
    User.objects.update(**change)

    with pytest.raises(SessionEnded):
        open_session(user=owner, device="", address="", now=NOW)
