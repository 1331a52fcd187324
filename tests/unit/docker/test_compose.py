import re
import tomllib

from tests.support.compose import DOCKER, services
from tests.support.service import ROOT
from tests.support.tools import POM


def test_everything_listens_on_this_machine_only() -> None:
    """Kafka, Prometheus and the mail catcher ask nobody for a password."""
    ports = [port for service in services().values() for port in service.get("ports") or ()]
    assert len(ports) == 5
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_are_pinned_and_kafka_is_the_tested_one() -> None:
    """Two people get the same; the tests on real Kafka speak for it."""
    images = [
        service["image"]
        for service in services().values()
        if "build" not in service and "image" in service
    ]
    assert all(re.search(r":v?\d+\.\d+\.\d+$", image) for image in images)
    version = re.search(r"<kafka\.version>(.+?)</", POM.read_text())
    assert version is not None
    assert f"apache/kafka:{version[1]}" in images


def test_the_image_installs_what_is_locked() -> None:
    """Everything that pip fetches for the image is named by version and hash."""
    dockerfile = (DOCKER / "Dockerfile").read_text().replace("\\\n", " ")
    installs = [line for line in dockerfile.splitlines() if " install " in line and " pip " in line]
    fetched = [line for line in installs if "requirements.lock" in line]
    assert len(fetched) == 1
    assert {"--no-deps", "--require-hashes", "--only-binary"} <= set(fetched[0].split())
    assert all("--no-deps" in line for line in installs)
    assert "COPY docker/requirements.lock ./" in dockerfile


def test_the_image_can_export_spans() -> None:
    """Its lock has the extra besides what the service needs, in the versions that are tested."""
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {re.split(r"[<>=!~\[]", each)[0] for each in extra["otel"]}
    image, service, tested = (
        _locked(name)
        for name in ("docker/requirements.lock", "requirements.lock", "tests/requirements.lock")
    )
    assert wanted <= {name for name, _ in image}
    assert service < image < tested


def _locked(name: str) -> set[tuple[str, str]]:
    """Return the names and versions that a lock file names."""
    return set(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))
