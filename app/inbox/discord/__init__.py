"""Discord's side of an execute-webhook request: what it refuses, and what it shows.

The rules are Discord's own, from its papers and from what people report, and know nothing of the
sender's. The tests' stand-in for Discord keeps to the same ones (``tests/support/discord_server``).
"""
