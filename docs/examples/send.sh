#!/bin/sh
# Publishes one notification through a running service: send.sh URL "text"
# NOTIFIER_API_KEY is the key, if the service wants one. A repeat with the same Idempotency-Key is
# recognised and not delivered again.
set -eu
url=$1
text=$(printf '%s' "$2" | sed 's/\\/\\\\/g; s/"/\\"/g')
curl --silent --show-error --fail-with-body --max-time 30 \
  --header "Content-Type: application/json" \
  --header "Idempotency-Key: ${IDEMPOTENCY_KEY:-$(date +%s)-$$}" \
  ${NOTIFIER_API_KEY:+--header "X-API-Key: $NOTIFIER_API_KEY"} \
  --data-raw "{\"content\": \"$text\", \"channels\": [\"webhook\"], \"metadata\": {\"title\": \"Signal\"}}" \
  "$url/notifications"
echo
