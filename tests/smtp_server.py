"""A mail server on loopback, which fails on command.

with SmtpServer(login=("ada", "secret")) as smtp:
    ... # send through smtp.url
    assert smtp.mails[0].recipients == ["owner@example.org"]
"""

import asyncio
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Literal, Self, TypeAlias
from urllib.parse import quote

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

logging.getLogger("mail.log").setLevel(logging.ERROR)  # else it tells every line

Kind: TypeAlias = Literal[
    "451",  # "try again later", after the whole mail
    "550",  # no such mailbox
    "hang",  # no answer to the greeting until recover()
    "hang_at_end",  # the same after the whole mail
]
LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it was handed over; `login` is who sent it, `raw` what came."""

    sender: str
    recipients: list[str]
    raw: bytes
    login: str | None
    is_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


class SmtpServer:
    """Keeps its port when it is stopped and started again.

    With a `login` it takes nothing from anybody else; with `tls` it talks of nothing
    before STARTTLS, or at all, if `wrapped`.
    """

    def __init__(
        self,
        *,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        wrapped: bool = False,
    ) -> None:
        self.login, self.tls, self.wrapped = login, tls, wrapped
        self.mails: list[Mail] = []
        self.port = 0
        self._kind: Kind | None = None
        self._times: int | None = None
        self._thread: Thread | None = None
        self._ready = Event()

    @property
    def url(self) -> str:
        """The server's address as EMAIL_URL has it."""
        scheme = "smtp" if self.tls is None else "smtps" if self.wrapped else "smtp+tls"
        words = [quote(word, safe="") for word in self.login or ()]
        return (
            f"{scheme}://{':'.join(words)}{'@' if words else ''}127.0.0.1:{self.port}"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._ready.clear()
        self._thread = Thread(target=asyncio.run, args=[self._serve()], daemon=True)
        self._thread.start()
        assert self._ready.wait(LIMIT_S), "the mail server did not start"

    def stop(self) -> None:
        """Break every connection and refuse new ones; a second time changes nothing."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(LIMIT_S)
            self._thread = None

    def fail(self, kind: Kind, *, times: int | None = None) -> None:
        """Fail the next `times` mails so, or all of them until recover()."""
        self._kind, self._times = kind, times

    def recover(self) -> None:
        self._kind = None
        self._loop.call_soon_threadsafe(self._over.set)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping, self._over = asyncio.Event(), asyncio.Event()
        transports: list[asyncio.Transport] = []
        server = await self._loop.create_server(
            lambda: _Connection(self, transports),
            "127.0.0.1",
            self.port,
            ssl=self.tls if self.wrapped else None,
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for transport in transports:
            transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
        await server.wait_closed()

    def is_due(self, *kinds: Kind) -> bool:
        """Say whether to fail in one of these ways now; each time counts."""
        if self._kind not in kinds or self._times == 0:
            return False
        if self._times is not None:
            self._times -= 1
        return True

    async def hang(self) -> None:
        self._over.clear()
        await self._over.wait()


class _Connection(SMTP):
    def __init__(self, smtp: SmtpServer, transports: list[asyncio.Transport]) -> None:
        starttls = None if smtp.wrapped else smtp.tls
        super().__init__(
            _Answers(smtp),
            hostname="mail.test",  # else it asks for the machine's name
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_require_tls=starttls is not None,
            authenticator=_Answers(smtp).authenticate,
            loop=asyncio.get_running_loop(),
        )
        self.transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transports.append(transport)
        super().connection_made(transport)


class _Answers:
    """What the server says where it is not the protocol that decides."""

    def __init__(self, smtp: SmtpServer) -> None:
        self.smtp = smtp

    def authenticate(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        mechanism: str,
        given: LoginPassword,
    ) -> AuthResult:
        wanted = self.smtp.login and tuple(word.encode() for word in self.smtp.login)
        return AuthResult(
            success=tuple(given) == wanted, handled=False, auth_data=given
        )

    async def handle_EHLO(  # noqa: N802  aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        answers: list[str],
    ) -> list[str]:
        if self.smtp.is_due("hang"):
            await self.smtp.hang()
        session.host_name = hostname
        return answers

    async def handle_RCPT(  # noqa: N802  as above
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if self.smtp.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self.smtp.is_due("550"):
            return f"550 5.1.1 <{address}>: there is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  as above
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.smtp.is_due("451"):
            return "451 4.3.0 Try again later"
        if self.smtp.is_due("hang_at_end"):
            await self.smtp.hang()
        self.smtp.mails.append(received(session, envelope, self.smtp))
        return "250 OK"


def received(session: Session, envelope: Envelope, smtp: SmtpServer) -> Mail:
    assert isinstance(envelope.content, bytes)
    who: object = session.auth_data
    return Mail(
        sender=str(envelope.mail_from),
        recipients=list(envelope.rcpt_tos),
        raw=envelope.content,
        login=who.login.decode() if isinstance(who, LoginPassword) else None,
        is_encrypted=smtp.wrapped or session.ssl is not None,
    )


@contextmanager
def certificate(*names: str) -> Iterator[tuple[ssl.SSLContext, Path]]:
    """Yield what a server needs to be known by these names, and a file to trust."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    with authority.cert_pem.tempfile() as path:
        yield context, Path(path)
