"""A trading firm's day in forty minutes: real brokers, real workers, every channel's stand-in.

``plan`` says what happens when, ``destinations`` answers and remembers, ``books`` judges.
"""
