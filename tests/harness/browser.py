"""
A real browser, driven as a person drives it: keys, and what is then on the screen. Chromium or Chrome, windowless.

It is spoken to over two pipes (the DevTools protocol), so there is no port that others could use, no driver beside it
and no library. The pages' own scripts are switched off, always: there are none, and none may become necessary.
"""

import asyncio
import base64
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.debian import NotFetched, from_packages

#: Names another browser's binary, or ``none``; a person's choice, so it is left alone by the tests.
VARIABLE = "INSYN_BROWSER"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATIENCE = 20.0
_KEYS: Mapping[str, tuple[str, int, str]] = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Space": (" ", 32, " "),
    "ArrowDown": ("ArrowDown", 40, ""),
}
_SHIFT = 8
#: A page is there once it is loaded and was painted: not before is the focus where the page puts it.
_THERE = {"load", "firstPaint"}


#: Debian's, with the one font that it is given; and what it has no need of where it has no window.
_PACKAGES = ("chromium", "chromium-common", "fonts-liberation")
_SPARED = ("x11-utils", "xdg-utils", "xdg-desktop-portal-backend")
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <match target="pattern">
    <edit name="family" mode="append_last"><string>Liberation Sans</string></edit>
  </match>
  <alias><family>serif</family><prefer><family>Liberation Serif</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>Liberation Mono</family></prefer></alias>
</fontconfig>
"""


class NoBrowser(Exception):
    """There is none on this machine, and none can be fetched; or none is wanted."""


@dataclass(frozen=True)
class Binary:
    """A browser's program, and what one that is not installed has to be told."""

    program: str
    root: Path | None = None  #: the folder that stands for ``/``
    libraries: Mapping[str, str] = field(default_factory=dict)

    def environment(self, folder: Path) -> dict[str, str]:
        """Where its libraries and fonts are; *folder* is the run's own."""
        if self.root is None:
            return {}
        fonts = folder / "fonts.conf"
        fonts.write_text(_FONTS.format(fonts=self.root / "usr/share/fonts", cache=folder / "fonts"), encoding="utf-8")
        return {**self.libraries, "FONTCONFIG_FILE": str(fonts)}

    def flags(self) -> list[str]:
        """
        Its own sandbox does not start for the superuser. Not installed it has no helper of root's, and without the
        kernel's leave no sandbox either. It sees nothing but what the tests show it.
        """
        alone = os.geteuid() != 0 and (self.root is None or _may_be_alone())
        return [] if alone else ["--no-sandbox"]


def _may_be_alone() -> bool:
    """Whether this user may make namespaces, which is what a sandbox is made of."""
    try:
        return subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def find_browser() -> Binary:
    """
    The one that is named, else the machine's, else Debian's in a folder of ours (:mod:`tests.harness.debian`).

    Raises:
        NoBrowser: none of them is to be had.
    """
    named = os.environ.get(VARIABLE)
    installed = next((one for name in ([named] if named else _NAMES) if (one := shutil.which(name))), None)
    if installed is not None:
        return Binary(installed)
    if named:
        raise NoBrowser("none is wanted" if named == "none" else f"{VARIABLE} names none that can be started")
    try:
        found = from_packages("chromium", "usr/lib/chromium/chromium", _PACKAGES, spared=_SPARED)
    except NotFetched as reason:
        raise NoBrowser(str(reason)) from reason
    return Binary(str(found.program), found.root, found.environment)


class BrowserFailed(AssertionError):
    """The browser would not do what it was told."""


class Wire:
    """Questions to the browser and its answers, each ended by a NUL; what it tells unasked is handed on."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.pages: dict[str, Page] = {}
        self._listening = asyncio.create_task(self._listen())

    async def ask(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        number = len(self._asked) + 1
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        asked = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        self._writer.write(json.dumps(asked).encode() + b"\0")
        await self._writer.drain()
        said = await asyncio.wait_for(answer, _PATIENCE)
        if "error" in said:
            raise BrowserFailed(f"{method}: {said['error'].get('message')}")
        found: dict[str, Any] = said["result"]
        return found

    async def _listen(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                said = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                if "id" in said:
                    self._asked[said["id"]].set_result(said)
                elif (page := self.pages.get(said.get("sessionId", ""))) is not None:
                    page.told(said["method"], said["params"])
        for one in self._asked.values():
            if not one.done():
                one.set_exception(BrowserFailed("the browser has gone"))

    async def aclose(self) -> None:
        self._writer.close()
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening


@dataclass
class Page:
    """One tab of a visitor of its own."""

    wire: Wire
    session: str
    home: str = ""  #: where the pages are that it is to see
    requests: list[str] = field(default_factory=list)  #: every address that was asked for
    complaints: list[str] = field(default_factory=list)  #: what the browser holds against the page: its policy, errors
    statuses: list[int] = field(default_factory=list)  #: of the documents
    _reached: set[str] = field(default_factory=set)
    _loaded: asyncio.Event = field(default_factory=asyncio.Event)
    _chooser: asyncio.Queue[int] = field(default_factory=asyncio.Queue)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        return await self.wire.ask(method, self.session, **params)

    def told(self, method: str, said: Mapping[str, Any]) -> None:
        """Take note of what the browser tells."""
        match method:
            case "Page.lifecycleEvent":
                self._reached = {said["name"]} | (set() if said["name"] == "init" else self._reached)
                if said["name"] in _THERE <= self._reached:
                    self._loaded.set()
            case "Page.fileChooserOpened":
                self._chooser.put_nowait(said["backendNodeId"])
            case "Network.requestWillBeSent":
                self.requests.append(said["request"]["url"])
            case "Network.responseReceived" if said["type"] == "Document":
                self.statuses.append(said["response"]["status"])
            case "Log.entryAdded":
                entry = said["entry"]
                if entry["source"] != "network":  # an answer that says no is one
                    self.complaints.append(f"{entry['source']}: {entry['text']}")
            case "Audits.issueAdded":
                self.complaints.append(json.dumps(said["issue"]))

    async def open(self, url: str) -> None:
        """Go to an address, as from the bar at the top."""
        self._leave()
        said = await self.ask("Page.navigate", url=url)
        if said.get("errorText"):
            raise BrowserFailed(said["errorText"])
        await asyncio.wait_for(self._loaded.wait(), _PATIENCE)

    def _leave(self) -> None:
        self._reached.clear()
        self._loaded.clear()

    # --- what a person does with a keyboard ---------------------------------------------------------------------------

    async def press(self, key: str, *, shift: bool = False) -> None:
        name, code, text = _KEYS[key]
        known = {"key": name, "code": key, "windowsVirtualKeyCode": code, "modifiers": _SHIFT if shift else 0}
        await self.ask("Input.dispatchKeyEvent", type="keyDown", **known, **({"text": text} if text else {}))
        await self.ask("Input.dispatchKeyEvent", type="keyUp", **known)

    async def write(self, text: str) -> None:
        for one in text:
            await self.ask("Input.dispatchKeyEvent", type="keyDown", key=one, text=one)
            await self.ask("Input.dispatchKeyEvent", type="keyUp", key=one)

    async def tab_to(self, *names: str) -> None:
        """Press Tab until what has one of these names is in focus; at most once round the page."""
        for _ in range(40):
            if await self.focused() in names:
                return
            await self.press("Tab")
        raise AssertionError(f"{names!r} is not reached by Tab")

    async def follow(self, name: str, key: str = "Enter") -> None:
        """Go to what has that name and press it; the next page is there when this returns."""
        await self.tab_to(name)
        self._leave()
        await self.press(key)
        await asyncio.wait_for(self._loaded.wait(), _PATIENCE)

    async def choose_file(self, name: str, path: Path) -> None:
        """Open the file dialogue of the field of that name and take a file."""
        await self.ask("Page.setInterceptFileChooserDialog", enabled=True)
        await self.tab_to(name)
        await self.press("Enter")
        field = await asyncio.wait_for(self._chooser.get(), _PATIENCE)
        await self.ask("DOM.setFileInputFiles", files=[str(path)], backendNodeId=field)

    # --- what is on the screen ----------------------------------------------------------------------------------------

    async def look(self, expression: str) -> Any:
        """Ask the developer's tools, which need none of the page's scripts."""
        said = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in said:
            raise BrowserFailed(str(said["exceptionDetails"].get("exception", {}).get("description")))
        return said["result"].get("value")

    async def text(self) -> str:
        return str(await self.look("document.body.innerText"))

    async def tree(self) -> list[dict[str, Any]]:
        """What a screen reader is told: role, name, description and states of everything on the page."""
        nodes = (await self.ask("Accessibility.getFullAXTree"))["nodes"]
        return [
            {
                "role": one["role"]["value"],
                "name": one.get("name", {}).get("value", ""),
                "description": one.get("description", {}).get("value", ""),
                **{each["name"]: each["value"].get("value") for each in one.get("properties", [])},
            }
            for one in nodes
            if not one.get("ignored")
        ]

    async def focused(self) -> str | None:
        """The name of what has the focus; None where nothing has."""
        found = [one for one in await self.tree() if one.get("focused") and one["role"] != "RootWebArea"]
        return str(found[0]["name"]) if found else None

    async def names(self, *roles: str) -> list[str]:
        return [one["name"] for one in await self.tree() if one["role"] in roles]

    async def sideways(self) -> int:
        """How many pixels the page is wider than the screen."""
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(await self.look(wider))

    async def speak(self, language: str) -> None:
        """What the browser says that its user reads."""
        await self.ask("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})

    async def show(self, *, width: int = 1000, height: int = 900, dark: bool = False, medium: str = "") -> None:
        """Another screen, or another medium (``print``)."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.ask("Emulation.setEmulatedMedia", media=medium, features=scheme)

    async def picture(self) -> bytes:
        """The whole page as PNG, for a person to look at."""
        said = await self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(said["data"])

    async def printed(self) -> bytes:
        """The page as it comes out of a printer, as PDF."""
        return base64.b64decode((await self.ask("Page.printToPDF", paperWidth=8.27, paperHeight=11.69))["data"])


@dataclass
class Browser:
    """A browser that is running."""

    wire: Wire

    @asynccontextmanager
    async def visitor(self) -> AsyncIterator[Page]:
        """A tab of somebody who was never here: no cookies, nothing kept, no scripts."""
        context = (await self.wire.ask("Target.createBrowserContext"))["browserContextId"]
        made = await self.wire.ask("Target.createTarget", url="about:blank", browserContextId=context)
        attached = await self.wire.ask("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        page = self.wire.pages[attached["sessionId"]] = Page(self.wire, attached["sessionId"])
        for domain in ("Page", "Network", "Log", "Audits", "Accessibility", "DOM"):
            await page.ask(f"{domain}.enable")
        await page.ask("Page.setLifecycleEventsEnabled", enabled=True)
        await page.ask("Emulation.setScriptExecutionDisabled", value=True)
        await page.show()
        await page.speak("sv")
        try:
            yield page
        finally:
            del self.wire.pages[page.session]
            await self.wire.ask("Target.disposeBrowserContext", browserContextId=context)


@asynccontextmanager
async def a_browser(binary: Binary, folder: Path) -> AsyncIterator[Browser]:
    """A browser with a profile of its own, which calls nobody by itself."""
    to_browser, from_us = os.pipe()
    from_browser, to_us = os.pipe()
    process = await _started(binary, folder, to_browser, to_us)
    os.close(to_browser)
    os.close(to_us)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=64 * 2**20)
    heard, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(from_browser, "rb"))
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(from_us, "wb"))
    wire = Wire(reader, asyncio.StreamWriter(transport, protocol, None, loop))
    try:
        await wire.ask("Browser.getVersion")
        yield Browser(wire)
    finally:
        with contextlib.suppress(BrowserFailed, TimeoutError, OSError):
            await wire.ask("Browser.close")
        await wire.aclose()
        heard.close()
        try:
            await asyncio.wait_for(process.wait(), _PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _started(binary: Binary, folder: Path, to_browser: int, to_us: int) -> Process:
    # It looks for its orders at 3 and says what it has to say at 4: first out of the way of both.
    ends = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 10) for one in (to_browser, to_us)]

    def in_their_places() -> None:
        for number, end in enumerate(ends, start=3):
            os.dup2(end, number)

    flags = [
        "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={folder}", "--no-first-run", "--lang=en-US",
        "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-default-apps", "--disable-extensions", "--no-default-browser-check",
        "--no-proxy-server", "--hide-scrollbars", "--force-color-profile=srgb",
    ]  # fmt: skip
    try:
        return await asyncio.create_subprocess_exec(
            binary.program,
            *flags,
            *binary.flags(),
            "about:blank",
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
            pass_fds=(3, 4),
            preexec_fn=in_their_places,
            env={**os.environ, **binary.environment(folder), "LANGUAGE": "en", "LANG": "C.UTF-8", "HOME": str(folder)},
        )
    finally:
        for end in ends:
            os.close(end)


def luminance(colour: Sequence[float]) -> float:
    """Relative luminance (WCAG 2.2) of red, green and blue from 0 to 255."""
    linear = [one / 255 / 12.92 if one <= 10.31 else ((one / 255 + 0.055) / 1.055) ** 2.4 for one in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """Contrast of two colours (WCAG 2.2), from 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
