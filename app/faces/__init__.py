"""The faces for people and programs: HTTP, the page, the command line."""
