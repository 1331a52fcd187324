"""Finds what the tests need on this machine, and installs what it lacks.

``python -m tests.support.tools browser`` (``kafka``, ``mail``, ``prometheus``): silent and quick when
everything is there; otherwise one line on standard error says what is installed, or what is missing
and how to get it (exit 1). Tests are never skipped for want of a tool.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

POM = Path(__file__).parent.parent / "kafka" / "pom.xml"

# Chromium without a window takes half of the processor time.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "brave-browser",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# Chromium draws neither Chinese nor emoji without a font that has them.
FONT_PACKAGES = ("fonts-noto-cjk", "fonts-noto-color-emoji")
# Debian has had the first one since 2025.
BROWSER_PACKAGES = ("chromium-headless-shell", "chromium")
# Playwright's folders and the executables in them.
DOWNLOADS = (
    (
        "chromium_headless_shell",
        ("chrome-headless-shell-*/chrome-headless-shell", "chrome-linux/headless_shell"),
    ),
    ("chromium", ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*")),
)
# Each Debian and Ubuntu release has at least one of them in a version that is new enough.
JAVA_PACKAGES = ("openjdk-17-jre-headless", "default-jre-headless")
JAVA_MINIMUM = 17
INSTALL_TIMEOUT = 900.0
USAGE = "usage: python -m tests.support.tools browser|kafka|mail|prometheus"

NO_BROWSER = (
    "The tests need a Chromium-family browser: install one (Debian: apt-get install "
    f"{BROWSER_PACKAGES[0]} {' '.join(FONT_PACKAGES)}; elsewhere: .venv/bin/playwright install "
    "--with-deps --only-shell chromium)."
)
NO_JAVA = (
    f"The tests on real Kafka need Java {JAVA_MINIMUM} or newer: install it (Debian: apt-get "
    "install default-jre-headless), or name a running Kafka in NOTIFIER_TEST_KAFKA=host:port."
)
NO_MAVEN = (
    "The tests on real Kafka need Maven to download it: install it (Debian: apt-get install "
    "maven), or name a running Kafka in NOTIFIER_TEST_KAFKA=host:port."
)
# Beside the servers: a shell, by which OpenSMTPD delivers, and what knows Postfix's passwords.
MAIL_PACKAGES = ("postfix", "opensmtpd", "dash", "libsasl2-modules", "sasl2-bin")
NO_MAIL_SERVERS = (
    "The tests on real mail servers unpack Debian's packages of Postfix and OpenSMTPD and run them "
    "as root in a folder of their own: run them as root on Debian or Ubuntu (a container will do)."
)
PROMETHEUS_PACKAGES = ("prometheus",)
NO_PROMETHEUS = (
    "The tests unpack Debian's package of Prometheus: run them as root on Debian or Ubuntu (a "
    "container will do), or put prometheus and promtool on the path."
)
NO_KAFKA = (
    "Maven could not download Apache Kafka: check its way to a repository (~/.m2/settings.xml), "
    "or name a running Kafka in NOTIFIER_TEST_KAFKA=host:port."
)


class MissingToolError(Exception):
    """A tool is missing and could not be installed; the message says how to get it."""


@dataclass(frozen=True)
class Tools:
    """The tools of one machine."""

    path: str  # where programs are looked for, as in ``PATH``
    cache: Path  # this project's folder for downloads, outside the tree
    playwright: Path  # its command
    downloads: Path  # its folder of browsers
    java_home: Path | None = None  # as in ``JAVA_HOME``; it comes before the path
    root: bool = False  # whether this user may install packages

    @classmethod
    def here(cls) -> "Tools":
        """The tools of this machine, as its environment has them."""
        env = os.environ
        caches = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        darwin = Path.home() / "Library" / "Caches"
        browsers = env.get("PLAYWRIGHT_BROWSERS_PATH")
        default = (darwin if sys.platform == "darwin" else caches) / "ms-playwright"
        return cls(
            path=env.get("PATH", os.defpath),
            cache=caches / "notification-worker",
            playwright=Path(sys.executable).with_name("playwright"),
            downloads=Path(browsers) if browsers else default,
            java_home=Path(env["JAVA_HOME"]) if env.get("JAVA_HOME") else None,
            root=os.geteuid() == 0,
        )

    def browser(self) -> Path:
        """The browser's executable.

        Raises:
            MissingToolError: There is none, and none could be installed.
        """
        packages = [
            lambda name=name: self._apt([name, *FONT_PACKAGES]) for name in BROWSER_PACKAGES
        ]
        return self._provide(self.find_browser, [*packages, self._download_browser], NO_BROWSER)

    def java(self) -> Path:
        """The ``java`` launcher of a new enough version.

        Raises:
            MissingToolError: There is none, and none could be installed.
        """
        installers = [lambda name=name: self._apt([name]) for name in JAVA_PACKAGES]
        return self._provide(self.find_java, installers, NO_JAVA)

    def kafka_jars(self) -> Path:
        """The folder with the jars of Apache Kafka, downloaded on first use.

        Raises:
            MissingToolError: They could not be downloaded.
        """
        jars = self.cache / kafka_folder(POM.read_text(encoding="utf-8"))
        if jars.is_dir():
            return jars
        self.java()
        maven = self._provide(lambda: self._which("mvn"), [lambda: self._apt(["maven"])], NO_MAVEN)
        return self._provide(
            lambda: jars if jars.is_dir() else None,
            [lambda: self._download_kafka(maven, jars)],
            NO_KAFKA,
        )

    def program(self, name: str, package: str) -> Path:
        """A small server's executable, from the Debian package that has it.

        Raises:
            MissingToolError: There is none, and it could not be installed.
        """
        missing = f"The tests need {name}: install it (Debian: apt-get install {package})."
        return self._provide(lambda: self._which(name), [lambda: self._apt([package])], missing)

    def mail_servers(self) -> Path:
        """The folder with Postfix and OpenSMTPD, unpacked, and the libraries that they need.

        Unpacked and not installed: the two exclude each other, and this machine may have a mail
        server of its own.

        Raises:
            MissingToolError: They could not be downloaded.
        """
        digest = hashlib.sha256(" ".join(MAIL_PACKAGES).encode()).hexdigest()
        root = self.cache / f"mail-servers-{digest[:12]}"
        return self._provide(
            lambda: root if root.is_dir() else None,
            [lambda: self._unpack(MAIL_PACKAGES, root)],
            NO_MAIL_SERVERS,
        )

    def prometheus(self) -> Path:
        """The folder with ``prometheus`` and ``promtool``, unpacked unless they are installed.

        Raises:
            MissingToolError: They could not be downloaded.
        """
        installed = self._which("prometheus"), self._which("promtool")
        if installed[0] and installed[1]:
            return installed[0].parent
        root = self.cache / "prometheus"
        unpacked = root / "usr" / "bin"
        return self._provide(
            lambda: unpacked if unpacked.is_dir() else None,
            [lambda: self._unpack(PROMETHEUS_PACKAGES, root)],
            NO_PROMETHEUS,
        )

    def find_browser(self) -> Path | None:
        """A browser on the path, else the newest one that Playwright downloaded."""
        for name in BROWSERS:
            if found := self._which(name):
                return found
        for name, patterns in DOWNLOADS:
            complete = self.downloads.glob(f"{name}-*/INSTALLATION_COMPLETE")
            for marker in sorted(complete, key=lambda path: path.stat().st_mtime, reverse=True):
                for pattern in patterns:
                    if executable := next(marker.parent.glob(pattern), None):
                        return executable
        return None

    def find_java(self) -> Path | None:
        """The first ``java`` that is new enough."""
        home = shutil.which(self.java_home / "bin" / "java") if self.java_home else None
        for java in (home, self._which("java")):
            if java and java_version(Path(java)) >= JAVA_MINIMUM:
                return Path(java)
        return None

    def _which(self, name: str) -> Path | None:
        found = shutil.which(name, path=self.path)
        return Path(found) if found else None

    def _provide(
        self,
        find: Callable[[], Path | None],
        installers: Sequence[Callable[[], None]],
        missing: str,
    ) -> Path:
        """What `find` finds, after as few of the installers as it takes."""
        if found := find():
            return found
        with self._lock():
            if found := find():  # another process was faster
                return found
            for install in installers:
                install()
                if found := find():
                    return found
        log = f" What was tried: {self._log}" if self._log.exists() else ""
        raise MissingToolError(missing + log)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One process installs at a time; the lock goes with the process that holds it."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with (self.cache / "install.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._log.unlink(missing_ok=True)
            yield

    @property
    def _log(self) -> Path:
        return self.cache / "install.log"

    def _apt(self, packages: Sequence[str]) -> None:
        apt = self._which("apt-get")
        if not (self.root and apt):
            return
        announce(f"installing {' '.join(packages)} with apt-get")
        # One dead source fails the update as a whole: whether the packages can be had, the
        # installation says.
        self._run([apt, "update"])
        options = ("--yes", "--no-install-recommends", "-oDPkg::Lock::Timeout=300")
        self._run([apt, "install", *options, *packages])

    def _unpack(self, packages: Sequence[str], root: Path) -> None:
        """Unpacks Debian packages and the libraries that they depend on, beside `root` first."""
        apt, cache, dpkg = map(self._which, ("apt-get", "apt-cache", "dpkg-deb"))
        if not (self.root and apt and cache and dpkg):
            return
        announce(f"downloading {' '.join(packages)} with apt-get")
        self._run([apt, "update"])
        partial = root.with_name(f"{root.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        names = with_libraries(cache, packages)
        downloaded = self._run([apt, "download", *names], folder=partial)
        archives = sorted(partial.glob("*.deb"))
        if downloaded and all(self._run([dpkg, "--extract", each, partial]) for each in archives):
            for each in archives:
                each.unlink()
            partial.rename(root)

    def _download_browser(self) -> None:
        announce("downloading Chromium with Playwright")
        dependencies = ["--with-deps"] if self.root and self._which("apt-get") else []
        self._run([self.playwright, "install", "--only-shell", *dependencies, "chromium"])

    def _download_kafka(self, maven: Path, jars: Path) -> None:
        """Downloads beside `jars` and renames: what has that name is complete."""
        announce("downloading Apache Kafka with Maven")
        partial = jars.with_name(f"{jars.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        options = ("--quiet", "--batch-mode", "--strict-checksums", "-Dstyle.color=never")
        goal = ("dependency:copy-dependencies", "-DincludeScope=runtime")
        done = self._run([maven, *options, "--file", POM, *goal, f"-DoutputDirectory={partial}"])
        if done and all(zipfile.is_zipfile(jar) for jar in partial.iterdir()):
            partial.rename(jars)

    def _run(self, command: Sequence[str | Path], folder: Path | None = None) -> bool:
        """Whether the command succeeded; what it printed is in the log."""
        env = os.environ | {"PATH": self.path, "DEBIAN_FRONTEND": "noninteractive"}
        with self._log.open("a", encoding="utf-8") as log:
            print("$", *command, file=log, flush=True)
            try:
                subprocess.run(
                    command,
                    cwd=folder,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    timeout=INSTALL_TIMEOUT,
                    check=True,
                )
            except (OSError, subprocess.SubprocessError) as error:
                print(error, file=log)
                return False
        return True


def kafka_folder(pom: str) -> str:
    """The cache folder's name for the Kafka that a ``pom.xml`` describes.

    A change of any pinned version makes a new folder.
    """
    version = re.search(r"<kafka\.version>(.+?)</", pom)
    digest = hashlib.sha256(pom.encode()).hexdigest()[:12]
    return f"kafka-{version[1] if version else ''}-{digest}"


def with_libraries(apt_cache: Path, packages: Sequence[str]) -> list[str]:
    """The packages, and the libraries that they depend on, and those of the libraries."""
    found: set[str] = set()
    asked = set(packages)
    while asked:
        command = [str(apt_cache), "depends", "--important", *sorted(asked)]
        said = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60
        ).stdout
        found |= asked
        asked = set(re.findall(r"Depends: ((?:lib|zlib)[^\s:]*)", said)) - found
    return sorted(found)


def java_version(java: Path) -> int:
    """The major version of a ``java`` launcher, 0 if it does not run."""
    try:
        run = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    version = re.search(r'version "(?:1\.)?(\d+)', run.stderr)
    return int(version[1]) if version else 0


def announce(text: str) -> None:
    """Says on standard error what takes a while, and changes this machine."""
    print(f"tests: {text} …", file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Provides what one kind of tests needs; returns the exit status."""
    tools = Tools.here()
    try:
        match arguments:
            case ["browser"]:
                tools.browser()
            case ["mail"]:
                tools.mail_servers()
            case ["prometheus"]:
                tools.prometheus()
            case ["kafka"]:
                if not os.environ.get("NOTIFIER_TEST_KAFKA"):
                    tools.java()
                    tools.kafka_jars()
            case _:
                print(USAGE, file=sys.stderr)
                return 2
    except MissingToolError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
