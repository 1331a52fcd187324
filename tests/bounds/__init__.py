"""No step of the event loop over 50 ms, and no memory that grows, whatever one of them does.

``python -m tests.bounds`` starts the real service in a process of its own, sends it records that
somebody might write who means harm, lets them go to destinations that mean harm, looks at every
page, and prints what took longest and what memory that left behind: one JSON object a line. What it
sends to, and what it looks from, is in another process, so that the steps are the service's own.
``tests/e2e/test_bounds.py`` does the same in short, and fails above the bounds.
"""
