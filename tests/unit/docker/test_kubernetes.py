"""The Kubernetes manifests, held against the code, the image and each other."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from app.main import create_app
from app.settings.checks import check_bind
from app.settings.models import Settings
from tests.support.compose import DOCKER
from tests.support.papers import TOP
from tests.support.settings import Sandbox

BASE = DOCKER / "kubernetes/base"


def manifest(name: str) -> Any:
    """Return one manifest."""
    return yaml.safe_load((DOCKER / "kubernetes" / name).read_text(encoding="utf-8"))


def pod() -> Any:
    """Return what every pod is made from."""
    return manifest("base/deployment.yaml")["spec"]["template"]["spec"]


def settings(folder: Path) -> Settings:
    """Return the settings that a pod gets, with a key from the secret."""
    sandbox = Sandbox(folder)
    sandbox.write(".env", (BASE / "notifier.env").read_text(encoding="utf-8"))
    return sandbox.load({"NOTIFIER_API_KEYS": "ops=0123456789abcdef"}).settings


def test_every_manifest_is_listed() -> None:
    """What is not listed is not applied."""
    listed = {f"base/{name}" for name in manifest("base/kustomization.yaml")["resources"]}
    listed |= {f"keda/{name}" for name in manifest("keda/kustomization.yaml")["resources"]}
    there = {str(path.relative_to(DOCKER / "kubernetes")) for path in BASE.parent.rglob("*.yaml")}
    kustomizations = {"base/kustomization.yaml", "keda/kustomization.yaml"}
    assert listed == (there - kustomizations) | {"keda/../base"}


def test_the_settings_are_accepted(tmp_path: Path) -> None:
    """They are right together, for a service that others reach with a key."""
    got = settings(tmp_path)
    assert got.environment == "production"
    check_bind(got, "0.0.0.0")


def test_probes_ask_what_there_is() -> None:
    """The paths are the API's, the port is the image's; liveness never depends on Kafka."""
    app = create_app()
    (container,) = pod()["containers"]
    probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness")}
    assert {probe["path"] for probe in probes.values()} == {"/health/live"}
    ready = container["readinessProbe"]["httpGet"]
    assert ready["path"] == "/health/ready"
    assert {"/health/live", "/health/ready"} <= set(app.openapi()["paths"])
    (port,) = container["ports"]
    assert (
        port["name"]
        == ready["port"]
        == manifest("base/service.yaml")["spec"]["ports"][0]["targetPort"]
    )
    assert f"EXPOSE {port['containerPort']}" in (DOCKER / "Dockerfile").read_text()


def test_a_pod_is_the_images_user_and_may_write_nothing_but_its_tmp() -> None:
    """Numbers stand in both files."""
    user = re.search(r"^USER (\d+):(\d+)$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    assert user is not None
    context = pod()["securityContext"]
    assert (str(context["runAsUser"]), str(context["runAsGroup"])) == user.groups()
    (container,) = pod()["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    writable = [each for each in container["volumeMounts"] if not each.get("readOnly")]
    assert [each["mountPath"] for each in writable] == ["/tmp"]  # noqa: S108 - the pod's own


def test_a_rolling_update_loses_nothing(tmp_path: Path) -> None:
    """None goes before another has come, and it is given longer than the drain may take."""
    deployment = manifest("base/deployment.yaml")["spec"]
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    drain = settings(tmp_path).worker.drain_timeout
    assert pod()["terminationGracePeriodSeconds"] > drain + 10


def test_links_to_other_services_set_no_settings() -> None:
    """A service named "notifier" would give each pod NOTIFIER_PORT, which the worker refuses."""
    assert pod()["enableServiceLinks"] is False


def test_scaling_watches_the_lag_of_this_group(tmp_path: Path) -> None:
    """Its brokers, group and topic are those of the settings; there are partitions for all."""
    kafka = settings(tmp_path).kafka
    scaled = manifest("keda/scaled_object.yaml")["spec"]
    (trigger,) = scaled["triggers"]
    assert trigger["metadata"]["bootstrapServers"] == kafka.bootstrap_servers
    assert trigger["metadata"]["consumerGroup"] == kafka.group_id
    assert [trigger["metadata"]["topic"]] == list(kafka.topics)
    assert 0 < scaled["minReplicaCount"] <= scaled["maxReplicaCount"] <= kafka.partitions


def test_the_image_is_this_version() -> None:
    """What the README builds is what the deployment starts."""
    (image,) = manifest("base/kustomization.yaml")["images"]
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert image["newTag"] == project["version"]
    built = f"{image['newName']}:{image['newTag']}"
    assert built in (DOCKER / "kubernetes/README.md").read_text(encoding="utf-8")
    assert image["name"] == pod()["containers"][0]["image"]
