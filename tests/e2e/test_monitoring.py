"""The dashboard and the alert rules of ``docker/``, against the metrics of the real service.

What the rules mean is tested by Prometheus itself: ``docker/prometheus/alerts_test.yml``.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.compose import DOCKER, services
from tests.support.end_to_end import World
from tests.support.http_server import HttpServer

LINUX = sys.platform == "linux"
PROMETHEUS = DOCKER / "prometheus"
GRAFANA = DOCKER / "grafana"
# A process can tell its memory and processor time on Linux, as in the container, and not elsewhere.
METRIC = re.compile(r"\b(?:ginkgo_worker|process)_\w+" if LINUX else r"\bginkgo_worker_\w+")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!=|=)\s*"([^"]*)"')
GROUPING = re.compile(r"\bby \(([^)]*)\)")
LEGEND = re.compile(r"\{\{(\w+)\}\}")
# Prometheus's own: of every scraped sample, and of its metric of alerts.
OWN_LABELS = {"job", "instance", "alertname", "alertstate"}
# Of families that have no sample while all is well.
UNSEEN_LABELS = {"kind", "reason", "result"}
# The embedded broker tells no time.
UNSEEN_METRICS = {"ginkgo_worker_clock_difference_seconds"}


def load(text: str) -> Any:
    """Parse YAML."""
    return yaml.safe_load(text)


def rules() -> list[Mapping[str, Any]]:
    """Return the alert rules."""
    groups = load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_alert_says_it_in_english_and_chinese() -> None:
    """A summary and a description each, with the same figures in them."""
    for rule in rules():
        said = rule["annotations"]
        assert set(said) == {"summary", "description", "summary_zh", "description_zh"}
        for name in ("summary", "description"):
            figures = [re.findall(r"\{\{.*?\}\}", said[each]) for each in (name, f"{name}_zh")]
            assert figures[0] == figures[1]
            assert re.search(r"[\u4e00-\u9fff]", said[f"{name}_zh"])


def dashboard() -> Mapping[str, Any]:
    """Return the dashboard."""
    model: Mapping[str, Any] = json.loads((GRAFANA / "notifications.json").read_text())
    return model


def targets() -> Iterator[Mapping[str, Any]]:
    """Yield every query of the dashboard's panels."""
    for panel in dashboard()["panels"]:
        yield from panel.get("targets", ())


def expressions() -> Iterator[str]:
    """Yield everything that Prometheus is asked."""
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for target in targets())
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


async def test_every_metric_label_and_state_that_is_asked_for_is_served(
    world: World, hooks: HttpServer
) -> None:
    """A metric that is renamed leaves no alert or panel behind that can never show anything."""
    service = await world.service({"NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook")})
    await service.client.post("/test-notifications?type=webhook&count=1")
    await service.until_stats(lambda got: got["messages_sent"] == 1 and got["lag"] == 0)
    metrics = (await service.client.get("/metrics")).text
    served: dict[str, set[str]] = {}  # the values of each label
    names = set()
    for family in text_string_to_metric_families(metrics):
        names.add(family.name)
        for sample in family.samples:
            names.add(sample.name)
            for label, value in sample.labels.items():
                served.setdefault(label, set()).add(value)

    asked = list(expressions())
    assert {name for each in asked for name in METRIC.findall(each)} - names == UNSEEN_METRICS
    labels = {
        label.strip() for each in asked for by in GROUPING.findall(each) for label in by.split(",")
    }
    labels |= {
        label for target in targets() for label in LEGEND.findall(target.get("legendFormat", ""))
    }
    assert labels - OWN_LABELS - UNSEEN_LABELS - served.keys() == set()
    for label, values in (pair for each in asked for pair in MATCHER.findall(each)):
        assert label in OWN_LABELS or set(values.split("|")) <= served[label]


def test_every_alert_is_explained_and_has_a_case() -> None:
    """Whoever gets one knows what to do; that it fires at all is tested."""
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
    fired = set(re.findall(r'alertname="(\w+)"', (PROMETHEUS / "alerts_test.yml").read_text()))
    assert fired == {rule["alert"] for rule in rules()}


def test_what_is_provisioned_fits_together() -> None:
    """Prometheus finds its rules, and Grafana the data source and the dashboard's files."""
    config = load((PROMETHEUS / "prometheus.yml").read_text())
    assert [(PROMETHEUS / name).is_file() for name in config["rule_files"]] == [True]
    assert [job["job_name"] for job in config["scrape_configs"]] == ["notifier"]
    [source] = load((GRAFANA / "datasource.yaml").read_text())["datasources"]
    assert source["type"] == "prometheus"
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]
    [provider] = load((GRAFANA / "dashboards.yaml").read_text())["providers"]
    grafana = services()["grafana"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.rpartition("/")[0] == provider["options"]["path"]
    mounted = [volume.split(":") for volume in grafana["volumes"]]
    assert all((DOCKER / path).is_file() for path, *_ in mounted)
    assert home in [inside for _, inside, _ in mounted]


def test_panels_are_told_apart_and_lie_side_by_side() -> None:
    """Each has an identifier of its own, and none covers another."""
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in panels):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
