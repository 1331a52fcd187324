"""The real engine in a world of faults, in virtual time: hours of it pass in a second.

Workers run as they are, against a Kafka in memory and destinations with moods; whatever happens by
chance comes from a seed. Everything that no worker may ever do is looked for: lose a notification,
deliver it twice without an excuse, commit past what has no answer, let one with a key overtake
another, take something out of a retry topic before its time, let something wait that nobody will
wake, or miscount.

Read it in this order: ``loop``, ``clocks``, ``cluster``, ``group``, ``clients`` (the stand-ins),
``destinations``, ``process`` (a worker that can crash), ``books`` (what must hold), ``inside``
(the only module that looks into a worker), ``logs`` (what Kafka loses), ``world`` and ``scenario``
(what happens).
"""
