"""The books: ledgers, commit metadata, repeats, statistics. Pure."""
