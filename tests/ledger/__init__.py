"""The ledger test: real workers, real brokers, seeded faults, and books that have to balance.

``recorder`` is every destination, ``observer`` watches what Kafka knows, ``flow`` publishes,
``run`` holds a run together, ``faults`` are what happens to it, ``verdict`` judges it.
"""
