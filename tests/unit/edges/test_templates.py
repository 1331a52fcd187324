from pathlib import Path

import pytest

from app.edges.templates import load_templates
from app.edges.templates.rendering import MAX_OUTPUT
from app.policies.parsing import RenderedMessage
from app.policies.parsing.colors import DIRECTIONS, LEVELS
from app.values.errors import TemplateError
from app.values.notification import Author, Field, Footer

NAMES = (
    *("backtest_complete", "data_sync_status", "long_signal", "risk_alert", "short_signal"),
    *("strategy_summary", "system_alert", "system_startup", "trading_signal"),
)
PRESETS = tuple(each for name in NAMES for each in (name, f"{name}.en"))
SIGNALS = [
    {
        "symbol": "600519.SH",
        "direction": "LONG",
        "price": 1500.5,
        "quantity": 100,
        "confidence": 87,
    },
    {"symbol": "000001.SZ", "direction": "SHORT", "price": 12.3, "quantity": 0, "confidence": 55},
]
CONTEXTS: dict[str, dict[str, object]] = {
    "backtest_complete": {
        "strategy_name": "双均线",
        "return_rate": "12.3%",
        "sharpe_ratio": 1.85,
        "trade_count": 42,
        "date_range": "2025-01-01 - 2025-12-31",
    },
    "data_sync_status": {
        "data_type": "日K线",
        "symbol": "000001.SZ",
        "update_time": "2026-01-01 18:00:00",
        "record_count": 5000,
    },
    "long_signal": {
        "symbol": "600519.SH",
        "content": "均线金叉",
        "price": 1500.5,
        "quantity": "10%",
        "timestamp": "2026-01-01 10:00:00",
    },
    "risk_alert": {
        "risk_type": "回撤",
        "message": "组合回撤超限",
        "portfolio_id": "p-1",
        "trigger_condition": "回撤 > 10%",
        "current_value": 0.1234,
        "threshold": 0.1,
    },
    "short_signal": {
        "symbol": "000001.SZ",
        "content": "跌破支撑",
        "price": 12.3,
        "quantity": 1000,
        "timestamp": "2026-01-01 10:00:00",
    },
    "strategy_summary": {
        "timestamp": "2026-01-01 15:00:00",
        "long_count": 3,
        "short_count": 1,
        "neutral_count": 9,
        "signals": SIGNALS,
    },
    "system_alert": {
        "alert_type": "数据库",
        "message": "连接失败",
        "severity": "CRITICAL",
        "module": "DataManager",
        "timestamp": "2026-01-01 10:00:00",
    },
    "system_startup": {
        "hostname": "quant-1",
        "start_time": "2026-01-01 09:00:00",
        "version": "0.8.1",
        "environment": "live",
    },
    "trading_signal": {"direction": "LONG", "code": "AAPL", "price": 150.25, "volume": 100},
}
"""The original's own variables for each of its presets."""
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


def said(message: RenderedMessage) -> str:
    """Return everything that a message says."""
    fields = "\n".join(f"{field.name}: {field.value}" for field in message.fields)
    return f"{message.title or ''}\n{message.content}\n{fields}"


def test_the_presets_are_there() -> None:
    """The original's eight and its trading signal, in both languages."""
    assert set(load_templates(None).ids) == set(PRESETS)


@pytest.mark.parametrize("language", ["", ".en"])
@pytest.mark.parametrize("name", NAMES)
def test_a_preset_says_everything_in_its_variables(name: str, language: str) -> None:
    """Every value of the original's context is to be read, and nothing is missing."""
    message = load_templates(None).render(name + language, CONTEXTS[name])
    values = [value for value in CONTEXTS[name].values() if not isinstance(value, list)]
    values += [
        value for signal in SIGNALS for value in signal.values() if name in "strategy_summary"
    ]
    for value in values:
        if value != "LONG" or name != "trading_signal":  # it is said in words
            assert str(value) in said(message)
    assert message.title
    assert message.color is not None
    assert message.notes == ()
    assert len(message.content.splitlines()) == len(message.content.strip().splitlines())


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_without_its_variables_says_what_it_can(name: str) -> None:
    """Nothing fails; every variable that is shown is noted, and no field is empty."""
    message = load_templates(None).render(name, {})
    assert message.content
    assert "None" not in said(message)
    assert message.notes
    assert all(note.problem == "is missing; left empty" for note in message.notes)
    assert all(field.value for field in message.fields)


def test_presets_tell_their_variables() -> None:
    """Those that a context may give, not what a template sets for itself."""
    templates = load_templates(None)
    assert templates.variables("risk_alert") == tuple(sorted(CONTEXTS["risk_alert"]))
    assert "titles" not in templates.variables("system_alert")
    assert set(CONTEXTS["system_alert"]) < set(templates.variables("system_alert"))
    assert not templates.is_own("risk_alert")


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
    assert templates.is_own("plain")
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
    with pytest.raises(TemplateError, match=r"is unknown; there are: backtest_complete, "):
        load_templates(None).render(template_id, {})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (content("\n{{ 1 / 0 }}"), r"\(own.txt.j2:2\): division by zero"),
        (content("{{ missing }}"), "no content"),
        (content("{{ a + 1 }}"), "can only concatenate"),
        (content("{{ ''.__class__.__mro__ }}"), "unsafe"),
        (content("{{ [].append(1) }}"), "append.*unsafe"),
        (content("  "), "no content"),
        (content("{% for _ in range(99999) %}{{ a * 99 }}{% endfor %}"), f"more than {MAX_OUTPUT}"),
        ("{% macro m() %}{{ m() }}{% endmacro %}" + content("{{ m() }}"), "recursion"),
    ],
)
def test_a_failing_template_is_an_error(own: Path, source: str, reason: str) -> None:
    """Whatever it does, the template is named, and nothing else is raised."""
    write(own, "own.txt.j2", source)
    templates = load_templates(own)
    with pytest.raises(TemplateError, match=rf"template 'own'.*{reason}"):
        templates.render("own", {"a": "x"})


@pytest.mark.parametrize(
    ("block", "source"),
    [
        ("color", "red"),
        ("title", "{{ 1 / 0 }}"),
        ("url", "{{ a + 1 }}"),
        ("author", "{{ ''.__class__ }}"),
        ("footer", "{{ [].append(1) }}"),
        ("fields", "{% for _ in range(99999) %}{{ a * 99 }}{% endfor %}"),
    ],
)
def test_a_failing_decoration_is_left_out(own: Path, block: str, source: str) -> None:
    """The text is sent; the note says where it failed and why."""
    decoration = f"{{% block {block} %}}{source}{{% endblock %}}"
    write(own, "own.txt.j2", content("x") + decoration)
    message = load_templates(own).render("own", {"a": "x"})
    (note,) = message.notes
    assert message == RenderedMessage("x", notes=message.notes)
    assert note.field == block
    assert note.problem.startswith("template 'own'")
    assert note.problem.endswith("; left out")


def test_a_failing_html_alternative_is_left_out(own: Path) -> None:
    """The note points at the file that is at fault."""
    write(own, "own.txt.j2", content("x"))
    write(own, "own.html.j2", "\n\n{{ 1 / 0 }}")
    (note,) = load_templates(own).render("own", {}).notes
    assert note.field == "html"
    assert "(own.html.j2:3): division by zero" in note.problem


def test_a_template_says_whatever_goes_with_its_text(own: Path) -> None:
    """Link, author, footer, and fields: one a line, with or without a word on how they stand."""
    write(
        own,
        "own.txt.j2",
        content("x")
        + "{% block url %} https://example.com/{{ a }} {% endblock %}"
        + "{% block author %}by {{ a }}{% endblock %}"
        + "{% block footer %}\n foot\n note {% endblock %}"
        + "{% block fields %}\n"
        + "One | 1 | inline\nTwo | {{ b }}\n\n  Three|3|false\nFour | a | b | true\n"
        + "{{ a }} | ok | INLINE\nEmpty | {{ none_such }} | inline\nAlone\n"
        + "{% endblock %}",
    )
    message = load_templates(own).render("own", {"a": "v", "b": "x | y | inline\nz"})
    assert message.url == "https://example.com/v"
    assert message.author == Author("by v")
    assert message.footer == Footer("foot note")
    assert message.fields == (
        Field("One", "1", inline=True),
        Field("Two", "x | y | inline\nz"),
        Field("Three", "3"),
        Field("Four", "a | b", inline=True),
        Field("v", "ok", inline=True),
    )
    assert [note.field for note in message.notes] == ["context.none_such"]


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("Price: {{ price }}.", "Price: ."),
        ("{{ price.last }}{{ price['last'] }}{{ price() }}-", "-"),
        ("{{ price * 2 + 1 - 3 / price }}{{ -price }}{{ 2 ** price }}-", "-"),
        ("{{ price | round(2) }}{{ price | int }}{{ price | float }}{{ price | abs }}-", "-"),
        ("{{ '%.2f' | format(price) }}{{ price | upper }}{{ price | length }}-", "0-"),
        ("{{ '{:.2f}'.format(price) }}{{ price ~ '%' }}", "%"),
        ("{% for each in prices %}{{ each }}{% endfor %}-", "-"),
        ("{% if price > 1 %}high{% elif price < 1 %}low{% else %}unknown{% endif %}", "unknown"),
    ],
)
def test_what_is_missing_is_empty_and_noted(own: Path, source: str, rendered: str) -> None:
    """Never a zero that was nobody's price, and no reason to lose the message."""
    write(own, "own.txt.j2", content(source))
    message = load_templates(own).render("own", {})
    assert message.content == rendered
    if "if" not in source:
        assert [note.field for note in message.notes] in (["context.price"], ["context.prices"])


def test_to_ask_whether_something_is_there_is_no_use_of_it(own: Path) -> None:
    """What a template has an answer for is not missing."""
    asked = (
        "{% if a %}1{% endif %}{% if b is defined %}2{% endif %}{{ c | default('3') }}{{ d or 4 }}"
    )
    write(own, "own.txt.j2", content(asked))
    assert load_templates(own).render("own", {}) == RenderedMessage("34")


def test_what_one_message_lacks_is_not_the_nexts(own: Path) -> None:
    """Each has its own notes."""
    write(own, "own.txt.j2", content("x{{ a }}"))
    templates = load_templates(own)
    assert templates.render("own", {}).notes
    assert templates.render("own", {"a": 1}).notes == ()


def test_without_text_the_title_or_the_fields_are_what_is_said(own: Path) -> None:
    """A text that is empty for want of a variable is no reason to say nothing."""
    write(own, "titled.txt.j2", "{% block title %}t{% endblock %}" + content("{{ missing }}"))
    write(own, "listed.txt.j2", "{% block fields %}a | {{ b }}{% endblock %}")
    templates = load_templates(own)
    assert templates.render("titled", {}).content == "t"
    assert templates.render("titled", {}).title is None
    assert templates.render("listed", {"b": 1}).content == "a: 1"


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.00001234, "0.00001234"), (1e22, "10000000000000000000000"), (150.0, "150.0"), (None, "")],
)
def test_numbers_read_as_a_person_writes_them(own: Path, value: object, written: str) -> None:
    """And null is nothing, not the word None."""
    write(own, "own.txt.j2", content("-{{ value }}-"))
    assert load_templates(own).render("own", {"value": value}).content == f"-{written}-"


def test_fields_are_bounded(own: Path) -> None:
    """What is beyond the bound is left out, with a note."""
    loop = "{% for n in range(300) %}{{ n }} | v\n{% endfor %}"
    write(own, "own.txt.j2", content("x") + f"{{% block fields %}}{loop}{{% endblock %}}")
    message = load_templates(own).render("own", {})
    assert len(message.fields) == 250
    assert [note.field for note in message.notes] == ["fields"]


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("own.txt.j2", "\n{% block content %}", r"own\.txt\.j2:2: Unexpected end of template"),
        ("own.txt.j2", content("\n{{ a | odd }}"), r"own\.txt\.j2:2: No filter named 'odd'"),
        ("own.txt.j2", "text", r"own\.txt\.j2: block 'content' is missing"),
        (
            "own.txt.j2",
            "{% block titel %}{% endblock %}" + content("x"),
            r"own\.txt\.j2: block 'titel' is unknown; there are: title, content, color, url, author",
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
