"""Describes every setting, in English and Chinese: ``reference`` writes the tables from it."""

from collections.abc import Mapping
from typing import NamedTuple


class Description(NamedTuple):
    """One setting in words, as Markdown without line breaks."""

    english: str
    chinese: str


HEADINGS: Mapping[str, str] = {
    "kafka.bootstrap_servers": "Kafka",
    "worker.autostart": "Worker",
    "webhook.default_url": "Webhooks",
    "email.host": "E-mail",
    "recipients_file": "Recipients, templates, inbox",
    "retry.max_attempts": "Retries",
    "history.retention": "History",
    "api_keys": "Control plane",
    "operator.notify": "Telling the operator",
    "log.level": "Log and reports",
}
"""The headings of ``.env.example``, by the setting that stands first below each."""

DESCRIPTIONS: Mapping[str, Description] = {
    "environment": Description(
        "development or production; production refuses the embedded broker, and a control plane"
        " open to other machines without an API key.",
        "development（开发）或 production（生产）；生产环境拒绝内嵌 broker，"
        "也拒绝在没有 API 密钥时对其他机器开放控制面。",
    ),
    "kafka.bootstrap_servers": Description(
        'Brokers as host:port,… or "embedded": a broker inside the service, in memory, for'
        " development.",
        "broker 地址，格式为 host:port,…；embedded 表示服务自带的内存 broker，仅用于开发。",
    ),
    "kafka.topics": Description(
        "Topics to consume; test messages go to the first.",
        "要消费的 topic；测试消息写入第一个。",
    ),
    "kafka.group_id": Description(
        "Consumer group; workers of one group share the work.",
        "消费组；同组的 worker 分担工作。",
    ),
    "kafka.auto_offset_reset": Description(
        "Where the group begins on a partition that it has never been at: earliest or latest.",
        "消费组在从未消费过的分区上从哪里开始：earliest 或 latest。",
    ),
    "kafka.max_poll_records": Description(
        "Records taken from Kafka at once, at most.",
        "一次最多从 Kafka 取多少条记录。",
    ),
    "kafka.security_protocol": Description(
        "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.",
        "PLAINTEXT、SSL、SASL_PLAINTEXT 或 SASL_SSL。",
    ),
    "kafka.sasl_mechanism": Description(
        "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; needed with SASL.",
        "PLAIN、SCRAM-SHA-256 或 SCRAM-SHA-512；使用 SASL 时必填。",
    ),
    "kafka.sasl_username": Description(
        "User name; needed with SASL.",
        "用户名；使用 SASL 时必填。",
    ),
    "kafka.sasl_password": Description(
        "Password; needed with SASL. Secret.",
        "密码；使用 SASL 时必填。机密。",
    ),
    "kafka.ssl_cafile": Description(
        "PEM file with the authorities that vouch for the brokers; none means the system's own.",
        "PEM 文件：为 broker 证书作保的 CA；不填则使用系统自带的 CA。",
    ),
    "kafka.ssl_certfile": Description(
        "PEM file with this client's certificate, for mutual TLS.",
        "PEM 文件：本客户端的证书，用于双向 TLS。",
    ),
    "kafka.ssl_keyfile": Description(
        "PEM file with the certificate's key.",
        "PEM 文件：该证书的私钥。",
    ),
    "kafka.dead_letter_topic": Description(
        "Where notifications go that cannot be delivered, with the reason.",
        "死信 topic：无法投递的通知连同原因写到这里。",
    ),
    "kafka.dead_letter_retention": Description(
        "Seconds that dead letters are kept at least, whatever the brokers' default.",
        "死信至少保留的秒数，不受 broker 默认值影响。",
    ),
    "kafka.retry_topic": Description(
        "Prefix of the group's retry topics.",
        "本组重试 topic 的前缀。",
    ),
    "kafka.control_topic": Description(
        "Compacted topic for workers' snapshots, last commits and replay marks.",
        "开启日志压缩（compact）的 topic，存放各 worker 的快照、最近的提交和重放标记。",
    ),
    "kafka.history_topic": Description(
        "Topic that keeps what became of every notification, for traces and searches.",
        "保存每条通知最终结果的 topic，用于追踪和查询。",
    ),
    "kafka.partitions": Description(
        "Partitions of topics that the service creates.",
        "由服务创建的 topic 的分区数。",
    ),
    "kafka.replication_factor": Description(
        "Replicas of topics that the service creates; none means the broker's default.",
        "由服务创建的 topic 的副本数；不填则用 broker 的默认值。",
    ),
    "worker.autostart": Description(
        "Start consuming together with the service.",
        "服务启动时立即开始消费。",
    ),
    "worker.max_in_flight": Description(
        "Notifications taken from Kafka and not yet settled, at most.",
        "已从 Kafka 取出但尚未了结的通知数上限。",
    ),
    "worker.drain_timeout": Description(
        "Seconds a stop waits for deliveries that have begun.",
        "停止时等待已开始的投递的秒数。",
    ),
    "webhook.default_url": Description(
        "Where webhook notifications go that carry no URL. Secret.",
        "没有自带 URL 的 webhook 通知发往的地址。机密。",
    ),
    "webhook.default_secret": Description(
        "Signing secret of the default URL, if it is a chat robot that wants one. Secret.",
        "默认 URL 是要求签名的聊天机器人时，它的签名密钥。机密。",
    ),
    "webhook.timeout": Description(
        "Seconds until an unanswered request counts as failed.",
        "请求多少秒没有应答即算失败。",
    ),
    "webhook.concurrency": Description(
        "Requests at once to one destination, at most.",
        "对同一目标地址的最大并发请求数。",
    ),
    "webhook.signing_secret": Description(
        "Keys for signing requests to others than chat services (Standard Webhooks): base64 of 24"
        " bytes or more, with or without whsec_; several, separated by spaces, sign side by side."
        " Secret.",
        "用于给发往非聊天服务的请求签名的密钥（Standard Webhooks）：至少 24 字节的 base64，"
        "whsec_ 前缀可有可无；多个密钥用空格分隔，同时签名。机密。",
    ),
    "webhook.allowed_networks": Description(
        "Networks (CIDR) that webhooks may reach although they are not public, such as"
        " 10.1.0.0/16.",
        "允许 webhook 访问的非公网网段（CIDR），例如 10.1.0.0/16。",
    ),
    "webhook.proxy": Description(
        "Proxy that webhooks go through: `http://host:port` or `socks5://host:port`, with"
        " user:password@ if it asks for them. By default HTTPS_PROXY, HTTP_PROXY and ALL_PROXY of"
        " the environment. Secret.",
        "webhook 经过的代理：`http://host:port` 或 `socks5://host:port`，需要登录时写成"
        " user:password@。默认读取环境变量 HTTPS_PROXY、HTTP_PROXY、ALL_PROXY。机密。",
    ),
    "webhook.no_proxy": Description(
        "Hosts, domains and networks that are reached without the proxy; by default NO_PROXY of"
        " the environment.",
        "不经代理直接访问的主机、域名和网段；默认读取环境变量 NO_PROXY。",
    ),
    "email.host": Description(
        "Mail server; none means no e-mail.",
        "邮件服务器；不填则不发邮件。",
    ),
    "email.port": Description(
        "Its port; with TLS=implicit mostly 465.",
        "邮件服务器端口；TLS=implicit 时一般为 465。",
    ),
    "email.username": Description(
        "User name, if the server asks for one.",
        "用户名（服务器要求登录时）。",
    ),
    "email.password": Description(
        "Password of that user. Secret.",
        "该用户的密码。机密。",
    ),
    "email.tls": Description(
        "starttls, implicit or none.",
        "starttls、implicit 或 none。",
    ),
    "email.from_address": Description(
        'Sender, such as "Alerts <alerts@example.com>"; needed with a mail server.',
        '发件人，例如 "Alerts <alerts@example.com>"；设置了邮件服务器时必填。',
    ),
    "email.default_to": Description(
        "Who gets e-mail notifications that name nobody.",
        "没有指定收件人的邮件通知发给谁。",
    ),
    "email.timeout": Description(
        "Seconds until an unanswered mail server counts as failed.",
        "邮件服务器多少秒没有应答即算失败。",
    ),
    "email.helo_name": Description(
        "Name in EHLO, such as `notifier.example.com`; the machine's full name, else its address"
        " in brackets.",
        "EHLO 中使用的名字，例如 `notifier.example.com`；默认是本机的完整主机名，"
        "没有时用方括号中的地址。",
    ),
    "recipients_file": Description(
        "YAML file with users, groups and their contacts.",
        "YAML 文件：用户、组和他们的联系方式。",
    ),
    "templates_dir": Description(
        "Folder with message templates of your own, looked at before the built-in ones.",
        "自定义消息模板的目录，优先于内置模板。",
    ),
    "default_ttl": Description(
        "Seconds after which a notification without a lifetime of its own is too old to be sent"
        " when it is first taken, so that nobody gets yesterday's signals after a long outage; 0:"
        " never.",
        "没有自带有效期的通知，首次取出时若已超过这个秒数就不再发送，"
        "以免长时间中断后有人收到昨天的信号；0 表示永不过期。",
    ),
    "inbox": Description(
        "A web and mail server inside the service that takes what has no destination. The default"
        " is true with the embedded broker, else false.",
        "服务内置的网页和邮件收件箱，接收没有目标地址的通知。使用内嵌 broker 时默认为 true，"
        "否则为 false。",
    ),
    "retry.max_attempts": Description(
        "Tries in memory before a notification is deferred to a retry topic.",
        "通知被推迟到重试 topic 之前，在内存中尝试的次数。",
    ),
    "retry.base_delay": Description(
        "Seconds before the second try, at most; doubled for each further one.",
        "第二次尝试之前最多等待的秒数；之后每次翻倍。",
    ),
    "retry.max_delay": Description(
        "Seconds between two tries in memory, at most.",
        "内存中两次尝试之间最多等待的秒数。",
    ),
    "retry.max_age": Description(
        "Seconds from the first failure until a notification is given up; 0: given up after"
        " MAX_ATTEMPTS.",
        "从首次失败到放弃该通知的秒数；0 表示 MAX_ATTEMPTS 次之后即放弃。",
    ),
    "history.retention": Description(
        "Seconds that the history is kept; 0 keeps none.",
        "历史记录保留的秒数；0 表示不保留。",
    ),
    "api_keys": Description(
        "Keys that let programs in, each 16 characters or more, optionally name=key for the log;"
        " none means that only this machine is served. Secret. A client's own key is"
        " NOTIFIER_API_KEY.",
        "允许访问的密钥，每个至少 16 个字符，可写成 名字=密钥，名字用于日志；"
        "不设则只服务本机。机密。客户端自己的密钥是 NOTIFIER_API_KEY。",
    ),
    "language": Description(
        "auto, en or zh: the language of pages, commands and the operator's notices, English or"
        " Chinese. auto: pages follow the browser's languages, the others LANG.",
        "auto、en 或 zh：页面、命令行和运维通知的语言，英文或中文。auto 表示页面按浏览器的语言，"
        "其余按 LANG。",
    ),
    "metrics.open": Description(
        "Serve /metrics without a key.",
        "/metrics 无需密钥即可访问。",
    ),
    "operator.notify": Description(
        "Addresses (chat or webhook URLs, mail addresses) that the service itself tells when it"
        " cannot do its work, and when that is over: a destination that does not work, dead"
        " letters, no progress, Kafka away. Directly, not through Kafka. Secret.",
        "服务自身无法正常工作时通知谁（聊天机器人或 webhook URL、邮箱地址），恢复时也会通知："
        "目标地址无法投递、出现死信、没有进展、Kafka 失联。直接发送，不经过 Kafka。机密。",
    ),
    "operator.after": Description(
        "Seconds that something has to last before the operator is told; dead letters are told"
        " within a minute.",
        "问题持续多少秒之后才通知运维；出现死信时一分钟内通知。",
    ),
    "operator.every": Description(
        "Seconds between two messages to the operator about the same matter.",
        "同一问题两次通知运维之间至少间隔多少秒。",
    ),
    "log.level": Description(
        "DEBUG, INFO, WARNING, ERROR or CRITICAL.",
        "DEBUG、INFO、WARNING、ERROR 或 CRITICAL。",
    ),
    "log.format": Description(
        "console, or json: one object a line.",
        "console，或 json：每行一个对象。",
    ),
    "log.file": Description(
        "A file besides standard error.",
        "除标准错误之外再写入的日志文件。",
    ),
    "log.file_max_bytes": Description(
        "Size in bytes at which the file is rotated.",
        "日志文件达到多少字节时轮转。",
    ),
    "log.file_backups": Description(
        "How many rotated files are kept.",
        "保留多少个轮转出的旧文件。",
    ),
    "report.interval": Description(
        "Seconds between status reports on standard output; 0 means none. The command"
        " start-notification-worker reports every 60 unless told otherwise.",
        "在标准输出打印状态报告的间隔秒数；0 表示不打印。命令 start-notification-worker"
        " 默认每 60 秒一次。",
    ),
    "report.initial_delay": Description(
        "Seconds until the first status report.",
        "首次状态报告之前等待的秒数。",
    ),
}
