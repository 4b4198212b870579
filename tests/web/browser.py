"""A real browser, driven over its own pipe: no further library, no open port."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import F_DUPFD, fcntl
from io import BufferedReader
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import IO, Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LIMIT_S = 30.0
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,900",
    "--remote-debugging-pipe",
]
# Every policy a page broke, also where the console stays silent.
WATCH = """
window.broken = [];
document.addEventListener("securitypolicyviolation", (event) => window.broken.push(
  `${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


class Browser:
    """One page; `complaints` is what its console and its policies had to say."""

    def __init__(self, told: IO[bytes], heard: BufferedReader) -> None:
        self.told = told
        self.heard = heard
        self.buffer = b""
        self.last = 0
        self.page = ""
        self.complaints: list[str] = []
        self.asked: list[str] = []

    def open_page(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self.page = attached["sessionId"]
        for domain in ("Log", "Network", "Page", "Runtime"):
            self.ask(f"{domain}.enable")
        self.ask("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    def ask(self, method: str, **params: Any) -> Any:
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.page:
            message["sessionId"] = self.page
        self.told.write(json.dumps(message).encode() + b"\0")
        for heard in self.hear():
            if heard.get("id") == self.last:
                assert "error" not in heard, heard
                return heard["result"]
        raise AssertionError("the browser has ended")

    def hear(self) -> Iterator[dict[str, Any]]:
        """Yield what the browser says, and note what matters."""
        while read := self.heard.read1():
            *whole, self.buffer = (self.buffer + read).split(b"\0")
            for one in whole:
                message = json.loads(one)
                self.note(message.get("method"), message.get("params", {}))
                yield message

    def note(self, event: str | None, params: dict[str, Any]) -> None:
        if event == "Log.entryAdded":
            entry = params["entry"]
            if not entry.get("url", "").endswith("/favicon.ico"):
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}")
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled" and params["type"] != "log":
            self.complaints.append(str(params["args"]))
        elif event == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])

    def visit(self, address: str) -> None:
        self.ask("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """Return the value of an expression, None where the page is not there yet."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        return found["result"].get("value")

    def comes_to(self, script: str) -> bool:
        """Say that the expression got true of the page; else fail, and tell of it."""
        give_up_at = monotonic() + LIMIT_S
        while not self.run(script):
            assert monotonic() < give_up_at, (script, self.text, self.complaints)
        return True

    @property
    def text(self) -> str:
        return str(self.run("document.body?.innerText.slice(0, 500)"))

    def shows(self, text: str) -> bool:
        """Say that the page got to show the text; else fail."""
        return self.comes_to(f"document.body?.innerText.includes({json.dumps(text)})")

    def click(self, selector: str) -> None:
        self.run(f"{self.find(selector)}.click()")

    def type_into(self, selector: str, text: str) -> None:
        self.run(f"{self.find(selector)}.focus()")
        self.ask("Input.insertText", text=text)

    def find(self, selector: str) -> str:
        """Wait for an element; return the expression that finds it."""
        found = f"document.querySelector({json.dumps(selector)})"
        assert self.comes_to(f"{found} !== null")
        return found

    @property
    def broken(self) -> list[str]:
        return list(self.run("window.broken"))


@contextmanager
def browser(folder: Path, *options: str) -> Iterator[Browser]:
    assert CHROMIUM is not None
    its_input, told = os.pipe()
    heard, its_output = os.pipe()

    def connect() -> None:
        # It reads descriptor 3 and writes descriptor 4: ours must be out of their way.
        ends = [fcntl(end, F_DUPFD, 10) for end in (its_input, its_output)]
        os.dup2(ends[0], 3)
        os.dup2(ends[1], 4)

    process = subprocess.Popen(
        [CHROMIUM, *QUIET, f"--user-data-dir={folder}", *options, "about:blank"],
        stderr=subprocess.DEVNULL,
        close_fds=False,
        preexec_fn=connect,  # noqa: PLW1509  it only renames descriptors
    )
    os.close(its_input)
    os.close(its_output)
    watchdog = Timer(LIMIT_S * 2, process.kill)
    watchdog.start()
    with os.fdopen(told, "wb", buffering=0) as to, os.fdopen(heard, "rb") as by:
        try:
            found = Browser(to, by)
            found.open_page()
            yield found
        finally:
            watchdog.cancel()
            process.terminate()
            process.wait()
