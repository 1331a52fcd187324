"""Where the outside begins: Kafka, HTTP, SMTP, files. The only importers of their libraries."""
