from pathlib import Path

import pytest

from app.edges.templates import MAX_OUTPUT, load_templates
from app.policies.parsing import RenderedMessage
from app.policies.parsing.colors import DIRECTIONS, LEVELS
from app.values.errors import TemplateError

PRESETS = ("system_alert", "system_alert.en", "trading_signal", "trading_signal.en")
SIGNAL = {
    "direction": "LONG",
    "code": "AAPL",
    "price": 150.0,
    "volume": 100,
    "strategy": "双均线",
    "reason": "<突破>",
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return the directory of one's own templates."""
    return tmp_path


def write(directory: Path, name: str, source: str) -> None:
    """Write a template."""
    (directory / name).write_text(source, encoding="utf-8")


def content(source: str) -> str:
    """Return the block that every template has."""
    return "{% block content %}" + source + "{% endblock %}"


def test_the_presets_are_there() -> None:
    """Trading signal and system alert, in both languages."""
    assert load_templates(None).ids == PRESETS


def test_a_trading_signal_says_everything() -> None:
    """In Chinese by default."""
    message = load_templates(None).render("trading_signal", SIGNAL)
    assert message.title == "📈 做多信号 - AAPL"
    assert message.color == DIRECTIONS["LONG"]
    assert message.content == (
        "代码: AAPL\n方向: 做多\n价格: 150.0\n数量: 100\n策略: 双均线\n原因: <突破>"
    )
    assert message.html is not None
    assert "&lt;突破&gt;" in message.html
    assert "<突破>" not in message.html
    assert 'lang="zh"' in message.html


def test_a_trading_signal_leaves_out_what_it_does_not_know() -> None:
    """The original's own example has a symbol and a price, and no direction."""
    message = load_templates(None).render("trading_signal.en", {"symbol": "AAPL", "price": 0})
    assert message.title == "📊 Trading signal - AAPL"
    assert message.content == "Code: AAPL\nPrice: 0"
    assert message.html is not None
    assert "Direction" not in message.html
    assert "Price" in message.html


@pytest.mark.parametrize(
    ("direction", "title", "english"),
    [
        ("LONG", "📈 做多信号 - A", "📈 Long signal - A"),
        ("SHORT", "📉 做空信号 - A", "📉 Short signal - A"),
        ("VOID", "📊 平仓信号 - A", "📊 Close signal - A"),
    ],
)
def test_directions_have_names_and_colours(direction: str, title: str, english: str) -> None:
    """Green, red and grey."""
    templates = load_templates(None)
    context = {"direction": direction, "code": "A"}
    message = templates.render("trading_signal", context)
    assert (message.title, message.color) == (title, DIRECTIONS[direction])
    assert templates.render("trading_signal.en", context).title == english


@pytest.mark.parametrize(
    ("level", "title", "english"),
    [
        ("INFO", "ℹ️ 系统消息", "ℹ️ System message"),
        ("WARNING", "⚠️ 系统警告", "⚠️ System warning"),
        ("ERROR", "❌ 系统错误", "❌ System error"),
        ("ALERT", "🚨 系统告警", "🚨 System alert"),
    ],
)
def test_levels_have_titles_and_colours(level: str, title: str, english: str) -> None:
    """A reader sees how bad it is."""
    templates = load_templates(None)
    context = {"content": "a <b>", "level": level}
    message = templates.render("system_alert", context)
    assert (message.title, message.content, message.color) == (title, "a <b>", LEVELS[level])
    assert message.html is not None
    assert "a &lt;b&gt;" in message.html
    assert templates.render("system_alert.en", context).title == english


def test_a_system_alert_of_an_odd_level_names_it() -> None:
    """An unknown level is shown as it is."""
    message = load_templates(None).render("system_alert", {"content": "x", "level": "odd"})
    assert message.title == "系统通知: ODD"


def test_an_own_template_is_added(own: Path) -> None:
    """Title, colour and HTML are optional; the title is one line."""
    write(own, "plain.txt.j2", content("{{ a }}"))
    write(
        own,
        "full.txt.j2",
        "{% block title %} two\nlines {% endblock %}{% block color %}#00FF00{% endblock %}"
        + content(" text "),
    )
    write(own, "full.html.j2", "<b>{{ a }}</b>")
    write(own, "README.md", "not a template")
    templates = load_templates(own)
    assert set(templates.ids) == {*PRESETS, "plain", "full"}
    assert templates.render("plain", {"a": "<1>"}) == RenderedMessage("<1>")
    assert templates.render("full", {"a": "<1>"}) == RenderedMessage(
        "text", "two lines", 0x00FF00, "<b>&lt;1&gt;</b>"
    )


def test_an_own_template_goes_before_the_built_in_one(own: Path) -> None:
    """And does not keep its HTML, which says something else."""
    write(own, "trading_signal.txt.j2", content("mine"))
    assert load_templates(own).render("trading_signal", SIGNAL) == RenderedMessage("mine")


def test_an_own_html_may_stand_beside_a_built_in_text(own: Path) -> None:
    """Only the mail's looks are changed then."""
    write(own, "trading_signal.html.j2", "<i>{{ code }}</i>")
    message = load_templates(own).render("trading_signal", SIGNAL)
    assert message.html == "<i>AAPL</i>"
    assert message.title == "📈 做多信号 - AAPL"


def test_templates_may_share_parts(own: Path) -> None:
    """By include, import and extends; what is set outside the blocks counts inside."""
    write(own, "_base.txt.j2", "{% block title %}Base{% endblock %}" + content("-"))
    write(own, "_sign.txt.j2", "bye")
    write(own, "_macros.txt.j2", "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}")
    write(
        own,
        "own.txt.j2",
        '{% extends "_base.txt.j2" %}{% from "_macros.txt.j2" import twice %}{% set b = a %}'
        + content('{{ twice(b) }} {% include "_sign.txt.j2" %}'),
    )
    templates = load_templates(own)
    assert "own" in templates.ids
    assert not any(template_id.startswith("_") for template_id in templates.ids)
    assert templates.render("own", {"a": "x"}) == RenderedMessage("xx bye", "Base")


def test_values_are_data(own: Path) -> None:
    """A template in a value stays text, and names of Jinja's own are no danger."""
    write(own, "own.txt.j2", content("{{ a }}{{ self_ }}"))
    context = {"a": "{{ 7 * 7 }}{% raw %}", "self_": "x", "self": 1, "loop": 2, "range": 3}
    assert load_templates(own).render("own", context).content == "{{ 7 * 7 }}{% raw %}x"


@pytest.mark.parametrize("template_id", ["other", "../trading_signal", "_mail", ""])
def test_an_unknown_template_is_refused_with_the_known_ones(template_id: str) -> None:
    """No id leads out of the directory or to a part."""
    with pytest.raises(TemplateError, match=r"is unknown; there are: system_alert, "):
        load_templates(None).render(template_id, {})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (content("\n{{ missing }}"), r"\(own.txt.j2:2\): 'missing' is undefined"),
        (content("{{ a.b.c }}"), "has no attribute 'b'"),
        (content("{{ 1 / 0 }}"), "division by zero"),
        (content("{{ a + 1 }}"), "can only concatenate"),
        (content("{{ ''.__class__.__mro__ }}"), "unsafe"),
        (content("{{ [].append(1) }}"), "append.*unsafe"),
        (content("  "), "no content"),
        (content("{% for _ in range(99999) %}{{ a * 99 }}{% endfor %}"), f"more than {MAX_OUTPUT}"),
        ("{% block color %}red{% endblock %}" + content("x"), "expected a colour"),
        ("{% macro m() %}{{ m() }}{% endmacro %}" + content("{{ m() }}"), "recursion"),
    ],
)
def test_a_failing_template_is_an_error(own: Path, source: str, reason: str) -> None:
    """Whatever it does, the template is named, and nothing else is raised."""
    write(own, "own.txt.j2", source)
    templates = load_templates(own)
    with pytest.raises(TemplateError, match=rf"template 'own'.*{reason}"):
        templates.render("own", {"a": "x"})


def test_a_failing_html_alternative_is_named(own: Path) -> None:
    """The error points at the file that is at fault."""
    write(own, "own.txt.j2", content("x"))
    write(own, "own.html.j2", "\n\n{{ missing }}")
    with pytest.raises(TemplateError, match=r"\(own.html.j2:3\): 'missing' is undefined"):
        load_templates(own).render("own", {})


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("own.txt.j2", "\n{% block content %}", r"own\.txt\.j2:2: Unexpected end of template"),
        ("own.txt.j2", content("\n{{ a | odd }}"), r"own\.txt\.j2:2: No filter named 'odd'"),
        ("own.txt.j2", "text", r"own\.txt\.j2: block 'content' is missing"),
        (
            "own.txt.j2",
            "{% block titel %}{% endblock %}" + content("x"),
            r"own\.txt\.j2: block 'titel' is unknown; there are: title, content, color",
        ),
        ("own.html.j2", "x", r"own\.html\.j2: there is no own\.txt\.j2 beside it"),
        ("own.j2", "x", r"own\.j2: a template is named <id>\.txt\.j2 or <id>\.html\.j2"),
        ("a b.txt.j2", content("x"), r"a b\.txt\.j2: a template is named"),
        (
            "own.txt.j2",
            content('{% include "../x" %}'),
            r"own\.txt\.j2: it refers to \.\./x, which is not there",
        ),
        ("_part.j2", "{{", r"_part\.j2:1: "),
    ],
)
def test_a_bad_file_is_refused_when_it_is_loaded(
    own: Path, name: str, source: str, reason: str
) -> None:
    """With file, line and reason, before any message needs it."""
    write(own, name, source)
    with pytest.raises(TemplateError, match=reason):
        load_templates(own)


def test_a_file_that_is_not_utf_8_is_refused(own: Path) -> None:
    """It is named."""
    (own / "own.txt.j2").write_bytes(b"\xff")
    with pytest.raises(TemplateError, match=r"own\.txt\.j2: is not UTF-8"):
        load_templates(own)


def test_a_file_that_cannot_be_read_is_refused(own: Path) -> None:
    """It is named, with the system's own reason."""
    (own / "own.txt.j2").mkdir()
    with pytest.raises(TemplateError, match=r"own\.txt\.j2: Is a directory"):
        load_templates(own)


def test_a_missing_directory_is_refused(own: Path) -> None:
    """A wrong setting must not pass for an empty directory."""
    with pytest.raises(TemplateError, match="nowhere: No such file"):
        load_templates(own / "nowhere")


def test_what_is_included_by_a_variable_name_stays_inside(own: Path) -> None:
    """A value cannot name a file that is not a template."""
    write(own, "own.txt.j2", content("{% include a %}"))
    with pytest.raises(TemplateError, match="/etc/passwd"):
        load_templates(own).render("own", {"a": "/etc/passwd"})
