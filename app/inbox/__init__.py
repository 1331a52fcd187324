"""The development inbox: takes what has no configured destination, on loopback."""
