"""What people and programs see: HTTP, the page, the command line."""
