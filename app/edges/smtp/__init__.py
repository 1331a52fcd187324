"""E-mail's way out: connections to a mail server, transactions, and a pool of connections."""
