"""How the files that hold settings are read."""

from pathlib import Path

import pytest

from app.settings.files import Found, bootstrap, parse_dotenv, parse_yaml, read_text, settings_in
from app.values.errors import SettingsError


def test_a_missing_file(tmp_path: Path) -> None:
    """No file, a file where a folder should be, a folder where a file should be: nothing."""
    (tmp_path / "file").touch()
    assert read_text(tmp_path / "none", "none") is None
    assert read_text(tmp_path / "file" / "below", "below") is None
    assert read_text(tmp_path, "folder") is None


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The reason is the system's own (here a loop of links, which stops even root)."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(SettingsError, match=r"^the\.file: cannot be read: .+"):
        read_text(tmp_path / "loop", "the.file")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """The bytes are not quoted."""
    (tmp_path / "file").write_bytes(b"abc\xff\xfe")
    with pytest.raises(SettingsError, match=r"^the\.file: is not UTF-8 text \(byte 3\)$"):
        read_text(tmp_path / "file", "the.file")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    """Some editors write one."""
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbfA=1")
    assert read_text(tmp_path / "file", "file") == "A=1"


def test_dotenv() -> None:
    """Comments, export, quotes and Windows line ends; values are literal, the last one holds."""
    text = '# note\r\n\r\nexport A=1\r\nB=\'x y\' # note\nC="q\\""\nD=${A}$B\nE=\nA=2\n'
    assert parse_dotenv(text, ".env") == {
        "A": "2",
        "B": "x y",
        "C": 'q"',
        "D": "${A}$B",
        "E": "",
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [("A=1\nhush\n", 2), ("A=1\n\n\n  B='hush\n", 4), ("=hush", 1), ("A=1\n'hush'\n", 2)],
)
def test_a_bad_dotenv_line(text: str, line: int) -> None:
    """The line is named by its number and not quoted."""
    with pytest.raises(SettingsError) as caught:
        parse_dotenv(text, ".env")
    assert str(caught.value) == f".env: line {line} is not NAME=value"


def test_yaml_scalars_stay_as_they_are_written() -> None:
    """A password of 0123 is no octal number; an empty value is none."""
    assert parse_yaml("A: 0123\nb: yes\nc: 1e3\nd:\ne: ~\nf: 2026-01-01", "f") == {
        "a": "0123",
        "b": "yes",
        "c": "1e3",
        "d": None,
        "e": None,
        "f": "2026-01-01",
    }


def test_yaml_merge_keys() -> None:
    """Anchors and merge keys work as elsewhere."""
    assert parse_yaml("a: &x {k: v}\nb: {<<: *x, l: w}", "f")["b"] == {"k": "v", "l": "w"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "''"])
def test_yaml_without_content(text: str) -> None:
    """An empty file sets nothing."""
    assert parse_yaml(text, "f") == {}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: b\nc: 'hush\n", " (line 3, column 1)"),
        ("password: *hush\n", " (line 1, column 11)"),
        ("password: !hush x\n", " (line 1, column 11)"),
        ("a: [hush\nb: c", " (line 2, column 2)"),
        ("a: b\n---\nc: hush", " (line 2, column 1)"),
        ("a: hush\x00", ""),
        ("{[hush]: a}", " (line 1, column 2)"),
        ("a: " + "[" * 600, ""),
    ],
)
def test_what_is_no_yaml(text: str, place: str) -> None:
    """Place and nothing else: what stands there may be a secret."""
    with pytest.raises(SettingsError) as caught:
        parse_yaml(text, "f")
    assert str(caught.value) == f"f: is not valid YAML{place}"


@pytest.mark.parametrize("text", ["- hush", "hush"])
def test_yaml_that_is_no_mapping(text: str) -> None:
    """A list or a text cannot hold settings."""
    with pytest.raises(SettingsError, match=r"^f: must be a mapping of names to values$"):
        parse_yaml(text, "f")


def test_the_notifier_mapping() -> None:
    """Any setting, in any case; unknown and empty ones are left out."""
    document = parse_yaml(
        """
        logging: {level: high}
        notifier:
          Environment: production
          api_keys: [one, two]
          recipients_file:
          colour: blue
          kafka: {GROUP_ID: 42, retention: 7, sasl_username: ""}
          email:
        """,
        "f",
    )
    assert settings_in(document, "f") == {
        "environment": Found("production", "f"),
        "api_keys": Found(["one", "two"], "f"),
        "kafka.group_id": Found("42", "f"),
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("notifier: hush", "f: notifier: must be a mapping"),
        ("notifier: {kafka: hush}", "f: notifier: kafka: must be a mapping"),
        ("debug: hush", "f: debug must be true or false"),
    ],
)
def test_a_group_that_is_no_mapping(text: str, says: str) -> None:
    """Named by its place in the file."""
    with pytest.raises(SettingsError) as caught:
        settings_in(parse_yaml(text, "f"), "f")
    assert says in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("text", ["debug: true", "debug: on", "debug: Yes", "debug: 1"])
def test_debug_is_the_log_level(text: str) -> None:
    """As the guide's ``ginkgo system config set --debug on`` leaves it."""
    assert settings_in(parse_yaml(text, "f"), "f") == {"log.level": Found("DEBUG", "f")}


@pytest.mark.parametrize("text", ["debug: false", "debug: off", "debug:", "x: y"])
def test_no_debug_changes_nothing(text: str) -> None:
    """The level stays what other sources say."""
    assert settings_in(parse_yaml(text, "f"), "f") == {}


def test_the_own_mapping_is_more_precise_than_debug() -> None:
    """A level that is set goes before ``debug``."""
    document = parse_yaml("debug: true\nnotifier: {log: {level: ERROR}}", "f")
    assert settings_in(document, "f") == {"log.level": Found("ERROR", "f")}


@pytest.mark.parametrize(
    ("address", "servers"),
    [
        ({"host": "kafka", "port": "9093"}, "kafka:9093"),
        ({"host": "kafka"}, "kafka"),
        ({"port": "9093"}, "localhost:9093"),
        ({"host": "::1", "port": "9093"}, "[::1]:9093"),
        ({"host": "a, b", "port": "9093"}, "a:9093,b:9093"),
    ],
)
def test_host_and_port(address: dict[str, str], servers: str) -> None:
    """A host alone, a port alone, both, several hosts."""
    found = bootstrap({key: Found(value, "f") for key, value in address.items()})
    assert found == {"kafka.bootstrap_servers": Found(servers, "f")}


def test_host_and_port_of_two_places() -> None:
    """Both places are named."""
    found = bootstrap({"host": Found("a", "here"), "port": Found("1", "there")})
    assert found["kafka.bootstrap_servers"] == Found("a:1", "here, there")
    assert bootstrap({}) == {}
