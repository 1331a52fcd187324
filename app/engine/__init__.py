"""The engine: poll, parse, route, deliver, settle, commit."""
