#!/bin/sh
# Makes a video and watches its job, with curl and sed alone:  sh curl.sh ["prompt"] [image URL]
set -eu
endpoint=${REELGATE_URL:-http://127.0.0.1:4000}/graphql
prompt=${1:-The camera moves slowly towards the door}
image=${2:-https://segmind-resources.s3.amazonaws.com/input/e654c0e4-f048-4450-b289-e37280210c3e-wan-480-ip.png}

# The arguments of each curl, from here on: the token.
set -- ${REELGATE_TOKEN:+-H "authorization: Bearer $REELGATE_TOKEN"}

generate_video='
mutation GenerateVideo($input: GenerateVideoInput!) {
  generateVideo(input: $input) {
    ... on GenerateVideoSuccess { job { id } }
    ... on GenerateVideoError { code message }
  }
}'

video_job_updated='
subscription VideoJobUpdated($id: ID!, $sinceVersion: Int) {
  videoJobUpdated(id: $id, sinceVersion: $sinceVersion) {
    version status progress
    video { url }
    failure { code message }
  }
}'

# Escapes a text for a JSON string.
json() { printf %s "$1" | tr '\n\r\t' '   ' | sed 's/[\\"]/\\&/g'; }

# Prints the value of a field of $event, one line of JSON; nothing if it has no such field.
text() { printf '%s\n' "$event" | sed -nE "s/.*\"$1\":\"(([^\"\\\\]|\\\\.)*)\".*/\\1/p"; }
number() { printf '%s\n' "$event" | sed -nE "s/.*\"$1\":([0-9.]+).*/\\1/p"; }

# One key for each request. curl repeats the request when it gets no answer; the key makes one job of all attempts.
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
event=$(curl -sS --retry 10 --retry-all-errors "$endpoint" "$@" -H 'content-type: application/json' -d '{
  "query": "'"$(json "$generate_video")"'",
  "variables": { "input": {
    "image": "'"$(json "$image")"'", "prompt": "'"$(json "$prompt")"'", "idempotencyKey": "'"$key"'"
  } }
}')
id=$(text id)
if [ -z "$id" ]; then
  printf 'Not accepted: %s\n' "$event" >&2
  exit 1
fi

# The job's states as server-sent events, newer than $version.
subscribe() {
  curl -sN --keepalive-time 15 "$endpoint" "$@" -H 'content-type: application/json' -H 'accept: text/event-stream' -d '{
    "query": "'"$(json "$video_job_updated")"'",
    "variables": { "id": "'"$id"'", "sinceVersion": '"$version"' }
  }' || true
}

# Prints the events on descriptor 3, and writes the newest version and the status for the loop below, which runs in
# another shell.
follow() {
  while IFS= read -r event; do
    event=${event#data: }
    case $event in
      # A temporary fault: the loop below subscribes again.
      '{"errors"'*'_UNAVAILABLE"'* | '{"errors"'*'"TOO_MANY_'*) break ;;
      '{"errors"'*'"SERVICE_RESTART"'* | '{"errors"'*'"INTERNAL_SERVER_ERROR"'*) break ;;
      '{"errors"'*) printf '%s\n' "$event" >&2; status=REFUSED ;;
      '{"data"'*)
        [ "$(number version)" -gt "$version" ] || continue
        version=$(number version) status=$(text status)
        printf 'version %s  %s  %s\n' "$version" "$status" "$(number progress)" >&3
        if [ "$status" = COMPLETED ]; then text url >&3; fi
        if [ "$status" = FAILED ]; then printf '%s: %s\n' "$(text code)" "$(text message)" >&2; fi ;;
    esac
  done
  printf '%s %s\n' "$version" "$status"
}

# A stream may end before the job does, for example when the gateway restarts: subscribe again.
version=0 status=QUEUED
exec 3>&1
while :; do
  seen=$(subscribe "$@" | follow)
  version=${seen% *} status=${seen#* }
  case $status in
    COMPLETED) exit 0 ;;
    FAILED | REFUSED) exit 1 ;;
  esac
  echo 'The stream ended. Trying again.' >&2
  sleep 1
done
