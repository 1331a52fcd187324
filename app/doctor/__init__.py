"""The doctor: looks at everything the service needs, changes nothing and sends nothing.

``findings`` says what a finding is and keeps every check within its time; ``files``, ``kafka`` and
``destinations`` hold the checks; ``examination`` puts them in order.
"""
