import os
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.tools import (
    FONT_PACKAGES,
    MAIL_PACKAGES,
    NO_BROWSER,
    NO_JAVA,
    NO_KAFKA,
    NO_MAIL_SERVERS,
    NO_MAVEN,
    POM,
    MissingToolError,
    Tools,
    kafka_folder,
    main,
)

JAVA_17 = """echo 'openjdk version "17.0.15" 2025-04-15' >&2"""
JAVA_8 = """echo 'java version "1.8.0_392"' >&2"""
# Maven's last argument names the folder that it is to fill.
MAVEN = """for last; do :; done; folder="${last#*=}"; /bin/mkdir -p "$folder"; """

Program = Callable[[str, str], Path]


@pytest.fixture
def machine(tmp_path: Path) -> Tools:
    """A machine with nothing on it, whose user may install nothing."""
    (tmp_path / "bin").mkdir()
    return Tools(
        path=str(tmp_path / "bin"),
        cache=tmp_path / "cache",
        playwright=tmp_path / "bin" / "playwright",
        downloads=tmp_path / "downloads",
    )


@pytest.fixture
def administered(machine: Tools) -> Tools:
    """The same machine for a user who may install packages."""
    return Tools(machine.path, machine.cache, machine.playwright, machine.downloads, root=True)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Puts a shell script on the machine's path; it may call programs by their full path only."""

    def put(name: str, script: str) -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return put


def installs(name: str, calls: Path) -> str:
    """A script that notes its arguments and puts a program beside itself when told to install."""
    return f'echo "$@" >> {calls}\n[ "$1" = install ] && /bin/ln -sf /bin/sh "${{0%/*}}/{name}"; :'


def jar(folder: Path) -> Path:
    """A small whole jar."""
    path = folder / "kafka.jar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    return path


def test_a_browser_on_the_path_is_taken(machine: Tools, program: Program) -> None:
    """With a browser on the path nothing is installed or written."""
    chromium = program("google-chrome", "")
    assert machine.browser() == chromium
    assert not machine.cache.exists()


def test_a_complete_playwright_download_is_taken(machine: Tools) -> None:
    """Of Playwright's downloads the newest complete one is taken."""
    for age, folder in enumerate(("chromium-3", "chromium-2", "chromium-1")):
        executable = machine.downloads / folder / "chrome-linux64" / "chrome"
        executable.parent.mkdir(parents=True)
        executable.touch()
        if folder != "chromium-3":
            marker = machine.downloads / folder / "INSTALLATION_COMPLETE"
            marker.touch()
            os.utime(marker, (1_000 - age, 1_000 - age))
    assert machine.browser() == machine.downloads / "chromium-2" / "chrome-linux64" / "chrome"


def test_a_browser_without_a_window_is_taken_first(machine: Tools, program: Program) -> None:
    """It does the same for half of the processor time."""
    program("chromium", "")
    shell = program("chromium-headless-shell", "")
    assert machine.browser() == shell


def test_a_download_without_a_window_is_taken_first(machine: Tools) -> None:
    """Of Playwright's downloads as well, however old."""
    for age, (folder, name) in enumerate(
        (
            ("chromium-2/chrome-linux64", "chrome"),
            ("chromium_headless_shell-1/chrome-headless-shell-linux64", "chrome-headless-shell"),
        )
    ):
        executable = machine.downloads / folder / name
        executable.parent.mkdir(parents=True)
        executable.touch()
        marker = executable.parents[1] / "INSTALLATION_COMPLETE"
        marker.touch()
        os.utime(marker, (1_000 - age, 1_000 - age))
    assert machine.browser().name == "chrome-headless-shell"


@pytest.mark.parametrize("name", ["chromium-headless-shell", "chromium"])
def test_an_administrator_gets_debians_browser_and_fonts(
    administered: Tools,
    program: Program,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """Where packages may be installed, a browser that Debian has and its fonts are, and it is said."""
    calls = tmp_path / "calls"
    had = f'case "$*" in *" {name} "*) {installs(name, calls)} ;; update) ;; *) exit 100 ;; esac'
    program("apt-get", had)
    assert administered.browser() == tmp_path / "bin" / name
    (install,) = calls.read_text(encoding="utf-8").splitlines()
    assert install.endswith(" ".join((name, *FONT_PACKAGES)))
    assert f"installing {name}" in capsys.readouterr().err


def test_others_get_playwrights_browser(machine: Tools, program: Program, tmp_path: Path) -> None:
    """Where packages may not be installed, apt-get is left alone and Playwright asked."""
    program("apt-get", f"echo touched > {tmp_path}/touched")
    program("playwright", installs("chromium", tmp_path / "calls"))
    assert machine.browser() == tmp_path / "bin" / "chromium"
    assert not (tmp_path / "touched").exists()
    assert "--with-deps" not in (tmp_path / "calls").read_text(encoding="utf-8")


def test_playwright_brings_libraries_when_debian_has_no_browser(
    administered: Tools, program: Program, tmp_path: Path
) -> None:
    """Where the package does not exist, as on Ubuntu, Playwright installs its libraries too."""
    program("apt-get", "exit 100")
    program("playwright", installs("chromium", tmp_path / "calls"))
    assert administered.browser() == tmp_path / "bin" / "chromium"
    assert "--with-deps" in (tmp_path / "calls").read_text(encoding="utf-8")


def test_a_missing_browser_is_named_with_the_way_to_get_it(
    administered: Tools, program: Program
) -> None:
    """When nothing helps, one line names what is missing and where the attempts are written."""
    program("apt-get", "echo 'E: no network' >&2; exit 100")
    with pytest.raises(MissingToolError) as raised:
        administered.browser()
    log = administered.cache / "install.log"
    assert str(raised.value) == f"{NO_BROWSER} What was tried: {log}"
    text = log.read_text(encoding="utf-8")
    assert "E: no network" in text  # apt-get failed
    assert "No such file" in text  # there is no Playwright


def test_processes_that_ask_at_once_install_once(
    administered: Tools, program: Program, tmp_path: Path
) -> None:
    """While one installs, the others wait and take what it installed."""
    calls = tmp_path / "calls"
    program("apt-get", f"/bin/sleep 0.2\n{installs('chromium', calls)}")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: administered.browser(), range(4)))
    assert found == [tmp_path / "bin" / "chromium"] * 4
    assert len(calls.read_text(encoding="utf-8").splitlines()) == 2


def test_java_of_the_right_version_is_taken(machine: Tools, program: Program) -> None:
    """Java 17 on the path is taken."""
    java = program("java", JAVA_17)
    assert machine.java() == java


@pytest.mark.parametrize("script", [JAVA_8, "echo 'no runtime present' >&2", "exit 1"])
def test_java_too_old_or_broken_is_not_taken(machine: Tools, program: Program, script: str) -> None:
    """A Java that is too old, says no version, or does not run counts as missing."""
    program("java", script)
    with pytest.raises(MissingToolError) as raised:
        machine.java()
    assert str(raised.value) == NO_JAVA


def test_java_home_comes_before_the_path(machine: Tools, program: Program, tmp_path: Path) -> None:
    """JAVA_HOME is asked first, and the path where it is too old."""
    on_path = program("java", JAVA_17)
    at_home = program("../home/bin/java", JAVA_17).resolve()
    home = Tools(
        machine.path, machine.cache, machine.playwright, machine.downloads, tmp_path / "home"
    )
    assert home.java() == at_home
    program("../home/bin/java", JAVA_8)
    assert home.java() == on_path


def test_java_comes_from_the_package_that_the_release_has(
    administered: Tools, program: Program, tmp_path: Path
) -> None:
    """Where a release has no Java 17, its default is installed."""
    old = program("java.new", JAVA_17)
    wanted = '[ "$1" = install ] || exit 0; for last; do :; done; [ "$last" = default-jre-headless ] || exit 100'
    program("apt-get", f'{wanted}; /bin/ln -s {old} "${{0%/*}}/java"')
    assert administered.java() == tmp_path / "bin" / "java"


def test_kafka_is_downloaded_once(machine: Tools, program: Program, tmp_path: Path) -> None:
    """The first call downloads, later ones need neither Maven nor Java."""
    program("java", JAVA_17)
    program("mvn", f'{MAVEN} /bin/cp {jar(tmp_path)} "$folder"')
    jars = machine.kafka_jars()
    assert [path.name for path in jars.iterdir()] == ["kafka.jar"]
    (tmp_path / "bin" / "mvn").unlink()
    (tmp_path / "bin" / "java").unlink()
    assert machine.kafka_jars() == jars


def test_kafka_needs_maven(machine: Tools, program: Program) -> None:
    """Without Maven the message names it."""
    program("java", JAVA_17)
    with pytest.raises(MissingToolError) as raised:
        machine.kafka_jars()
    assert str(raised.value) == NO_MAVEN


@pytest.mark.parametrize(
    "ending", ["exit 1", "echo half > $folder/half.jar"], ids=["fails", "damaged"]
)
def test_an_incomplete_download_never_counts(
    machine: Tools, program: Program, tmp_path: Path, ending: str
) -> None:
    """A download that fails or brings a damaged jar is an error, and the next one starts anew."""
    program("java", JAVA_17)
    whole = f'{MAVEN} /bin/cp {jar(tmp_path)} "$folder"'
    program("mvn", f"{whole}; {ending}")
    with pytest.raises(MissingToolError, match="Maven could not download") as raised:
        machine.kafka_jars()
    assert str(raised.value).startswith(NO_KAFKA)
    program("mvn", whole)
    assert [path.name for path in machine.kafka_jars().iterdir()] == ["kafka.jar"]


DEPENDS = """case "$*" in
*mail*|*postfix*) printf 'postfix\\n  PreDepends: libb\\n  Depends: debconf\\n  Depends: libc6\\n' ;;
*libb*) printf 'libb\\n  Depends: zlib1g\\n  Depends: libc6\\n' ;;
esac"""
EXTRACT = 'if [ "$1" = --extract ]; then echo x > "$3/$(/usr/bin/basename "$2" .deb)"; fi'


def test_mail_servers_are_unpacked_with_their_libraries(
    administered: Tools, program: Program, tmp_path: Path
) -> None:
    """What their packages depend on beyond libraries stays away, and nothing is installed."""
    calls = tmp_path / "calls"
    download = 'shift; for each; do : > "$each.deb"; done'
    program("apt-get", f'echo "$@" >> {calls}; if [ "$1" = download ]; then {download}; fi')
    program("apt-cache", DEPENDS)
    program("dpkg-deb", EXTRACT)
    root = administered.mail_servers()
    wanted = {*MAIL_PACKAGES, "libb", "libc6", "zlib1g"}
    assert {each.name for each in root.iterdir()} == wanted
    update, downloaded = calls.read_text(encoding="utf-8").splitlines()
    assert update == "update"
    assert downloaded == " ".join(["download", *sorted(wanted)])
    assert administered.mail_servers() == root
    assert len(calls.read_text(encoding="utf-8").splitlines()) == 2


def test_mail_servers_need_an_administrator_of_debian(machine: Tools, program: Program) -> None:
    """They run in a root of their own; whoever cannot do that is told how to."""
    program("apt-get", "")
    with pytest.raises(MissingToolError) as missing:
        machine.mail_servers()
    assert str(missing.value).startswith(NO_MAIL_SERVERS)


def test_mail_servers_that_cannot_be_downloaded_are_missing(
    administered: Tools, program: Program
) -> None:
    """What was unpacked halfway never counts."""
    program("apt-get", "exit 100")
    program("apt-cache", DEPENDS)
    program("dpkg-deb", EXTRACT)
    with pytest.raises(MissingToolError):
        administered.mail_servers()


def test_a_changed_version_makes_a_new_folder() -> None:
    """The folder's name carries Kafka's version and changes with every other pin."""
    pom = POM.read_text(encoding="utf-8")
    assert kafka_folder(pom).startswith("kafka-4.4.0-")
    assert kafka_folder(pom) != kafka_folder(pom.replace("log4j-slf4j-impl", "other"))


class TestCommand:
    """``python -m tests.support.tools``."""

    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Nothing of this machine is seen."""
        (tmp_path / "bin").mkdir()
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
        for name in ("JAVA_HOME", "NOTIFIER_TEST_KAFKA"):
            monkeypatch.delenv(name, raising=False)

    def test_it_is_silent_when_all_is_there(
        self, program: Program, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """With the tool there, it prints nothing and succeeds."""
        program("chromium", "")
        assert main(["browser"]) == 0
        assert capsys.readouterr() == ("", "")

    def test_it_names_what_is_missing_in_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Without the tool, one line on standard error names it, and it fails."""
        assert main(["kafka"]) == 1
        assert capsys.readouterr() == ("", f"{NO_JAVA}\n")

    def test_a_kafka_that_is_there_needs_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With NOTIFIER_TEST_KAFKA neither Java nor Maven is looked for."""
        monkeypatch.setenv("NOTIFIER_TEST_KAFKA", "127.0.0.1:9092")
        assert main(["kafka"]) == 0

    @pytest.mark.parametrize("arguments", [[], ["firefox"]])
    def test_other_arguments_are_refused(
        self, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What it does not know it refuses, with its usage."""
        assert main(arguments) == 2
        assert capsys.readouterr().err.startswith("usage:")

    def test_it_knows_this_machines_folders(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """The environment's own folders for caches, browsers and Java are used."""
        monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))
        tools = Tools.here()
        assert tools.cache == tmp_path / "caches" / "notification-worker"
        assert tools.downloads == tmp_path / "browsers"
        assert tools.java_home == tmp_path / "java"
