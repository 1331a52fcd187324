"""What is kept account of: ledgers, commit metadata, repeats, statistics. Pure."""
