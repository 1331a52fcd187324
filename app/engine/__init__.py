"""The engine tells the story: poll, parse, route, deliver, settle, commit."""
