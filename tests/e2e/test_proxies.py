"""Webhooks of a running service through a real proxy."""

from tests.support.end_to_end import World
from tests.support.http_server import http_server
from tests.support.proxies import microsocks


async def test_webhooks_go_through_the_proxy_and_the_log_says_so(world: World) -> None:
    """Loopback is allowed here, so that the proxy leads to a server of the test's own."""
    async with http_server() as hooks, microsocks(("trader", "pa55word-of-proxy")) as proxy:
        service = await world.service(
            {
                "NOTIFIER_WEBHOOK__PROXY": f"socks5://trader:pa55word-of-proxy@{proxy}",
                "NOTIFIER_WEBHOOK__DEFAULT_URL": hooks.url("/hook"),
            }
        )
        publish = await world.publisher(service)
        await publish({"content": "through", "channels": ["webhook"]})
        await service.until_stats(lambda got: got["messages_sent"] == 1)
        assert len(hooks.received) == 1
        assert f"webhooks go through socks5://{proxy} (from NOTIFIER_WEBHOOK__PROXY)" in service.log
        assert "pa55word-of-proxy" not in service.log
