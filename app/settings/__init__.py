"""Settings: their values, their sources and their faults (docs/contract.md#settings).

``models`` says what there is, ``fields`` how each kind of value is read, ``checks`` what must hold
between them; ``files`` reads the files, ``load`` puts the sources together. ``descriptions`` puts
each into words, and ``reference`` writes these into the papers.
"""
