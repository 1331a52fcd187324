import json

import pytest

from app.policies.service.ginkgo_import import import_templates


def exported(*documents: dict[str, object]) -> str:
    """Return what mongoexport writes: one document a line."""
    return "\n".join(json.dumps(document, ensure_ascii=False) for document in documents)


PLAIN = {
    "_id": {"$oid": "6650"},
    "template_id": "close_report",
    "template_type": 2,
    "subject": "收盘 {{ date }}",
    "content": "# {{ date }}\n盈亏: **{{ pnl }}**",
    "is_active": True,
}
EMBED = {
    "template_id": "risk",
    "template_type": 3,
    "content": json.dumps(
        {
            "title": "{{ name }}",
            "description": "回撤 {{ drawdown }}",
            "color": 15158332,
            "footer": {"text": "Ginkgo"},
            "fields": [{"name": "账户", "value": "{{ account }}", "inline": True}],
        }
    ),
}


@pytest.mark.parametrize("as_list", [True, False])
def test_templates_become_files_with_blocks(as_list: bool) -> None:
    """Subject and content as they are; an embed's parts each in a block of its own."""
    text = json.dumps([PLAIN, EMBED]) if as_list else exported(PLAIN, EMBED)
    imported = import_templates(text)
    assert imported.left_out == ()
    assert imported.files == {
        "close_report.txt.j2": (
            "{% block title %}收盘 {{ date }}{% endblock %}\n"
            "{% block content %}# {{ date }}\n盈亏: **{{ pnl }}**{% endblock %}\n"
        ),
        "risk.txt.j2": (
            "{% block title %}{{ name }}{% endblock %}\n"
            "{% block content %}回撤 {{ drawdown }}{% endblock %}\n"
            "{% block color %}15158332{% endblock %}\n"
            "{% block footer %}Ginkgo{% endblock %}\n"
            "{% block fields %}账户 | {{ account }} | true{% endblock %}\n"
        ),
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"template_id": "../x"}, "is no file name"),
        ({"is_active": False}, "switched off"),
        ({"is_del": True}, "switched off or deleted"),
        ({"template_type": 3, "content": "{{ no json }}"}, "no JSON of an embed"),
        ({"template_type": 3, "content": "[1]"}, "no JSON of an embed"),
    ],
)
def test_what_cannot_be_taken_over_is_named(change: dict[str, object], reason: str) -> None:
    """The others are."""
    imported = import_templates(exported(PLAIN | change, PLAIN))
    assert list(imported.files) == ["close_report.txt.j2"]
    assert len(imported.left_out) == 1
    assert reason in imported.left_out[0]


@pytest.mark.parametrize("text", ["{broken", "[1]", '{"a": 1}\nnonsense'])
def test_what_is_no_export_is_an_error(text: str) -> None:
    """It says where."""
    with pytest.raises((TypeError, ValueError)):
        import_templates(text)
