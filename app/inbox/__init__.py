"""The development inbox: takes notifications without a configured destination, on loopback."""
