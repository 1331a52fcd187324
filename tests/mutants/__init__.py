"""Deliberate faults in the engine; the suite has to notice every one of them."""
