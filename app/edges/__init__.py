"""The edges to the outside: Kafka, HTTP, SMTP, files. Only they import those libraries."""
