"""OpenTelemetry: whether it is wanted, and what a span says."""
