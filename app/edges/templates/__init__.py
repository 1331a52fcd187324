"""Message templates: Jinja2 files that make a title, a text, and their decoration.

``<id>.txt.j2`` defines blocks: ``content``, and if it likes ``title``, ``color`` (``#RRGGBB``),
``url``, ``author``, ``footer`` and ``fields`` (one ``name | value | inline`` a line).
``<id>.html.j2`` beside it is the HTML alternative for mail, with every value escaped. Files whose
names begin with ``_`` are parts for ``include``, ``import`` and ``extends``. The filters
``direction_color`` and ``level_color`` give the service's own colours.

Templates of one's own go before the built-in ones of the same id; an own text does not keep the
built-in HTML. Everything is read and compiled when it is loaded, so a bad file shows then. Values
are data: a template in a value stays text, and a value with a line break or a bar is one value. A
variable that is missing is empty, with a note; a block that fails is left out with a note, unless
nothing is left to say. The sandbox keeps templates from reaching into Python.
"""

from app.edges.templates.loading import Templates, load_templates

__all__ = ["Templates", "load_templates"]
