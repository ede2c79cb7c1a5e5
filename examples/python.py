"""Generates a video and watches its job, with Python's standard library:  python3 python.py ["prompt"] [image URL]"""

import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid

ENDPOINT = os.environ.get("REELGATE_URL", "http://127.0.0.1:4000") + "/graphql"
SAMPLE_IMAGE = (
    "https://segmind-resources.s3.amazonaws.com/input/e654c0e4-f048-4450-b289-e37280210c3e-wan-480-ip.png"
)
TEMPORARY = {"STORE_UNAVAILABLE", "AUTH_UNAVAILABLE", "SERVICE_RESTART", "INTERNAL_SERVER_ERROR"}
# On an idle stream the gateway sends a comment every 10 seconds.
SILENCE_SECONDS = 45

GENERATE_VIDEO = """
mutation GenerateVideo($input: GenerateVideoInput!) {
  generateVideo(input: $input) {
    ... on GenerateVideoSuccess { job { id } }
    ... on GenerateVideoError { message }
  }
}
"""

VIDEO_JOB_UPDATED = """
subscription VideoJobUpdated($id: ID!, $sinceVersion: Int) {
  videoJobUpdated(id: $id, sinceVersion: $sinceVersion) {
    version status isTerminal progress
    video { url }
    failure { code message }
  }
}
"""


class Refused(Exception):
    """The gateway refused. A retry would not help."""


class Interrupted(Exception):
    """There is no connection, or the gateway cannot answer now."""


def post(query: str, variables: dict, accept: str):
    """Yields the results: one of a mutation, several of a subscription."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"content-type": "application/json", "accept": accept}
    if token := os.environ.get("REELGATE_TOKEN"):
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(ENDPOINT, body, headers)
    try:
        with answer_to(request) as response:
            if response.headers.get_content_type() != "text/event-stream":
                yield data_of(json.load(response))
                return
            for line in response:
                if line.startswith(b"data: {"):
                    yield data_of(json.loads(line.removeprefix(b"data: ")))
    except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
        raise Interrupted(error) from error


def answer_to(request: urllib.request.Request):
    try:
        return urllib.request.urlopen(request, timeout=SILENCE_SECONDS)
    except urllib.error.HTTPError as refusal:
        return refusal


def data_of(result: dict) -> dict:
    errors = result.get("errors", [])
    if errors == []:
        return result["data"]
    codes = [error.get("extensions", {}).get("code", "") for error in errors]
    temporary = all(code in TEMPORARY or code.startswith("TOO_MANY_") for code in codes)
    raise (Interrupted if temporary else Refused)(errors[0]["message"])


def generate_video(video_input: dict) -> str:
    """Sends a request until it is answered. Its idempotency key makes one job of all attempts. Returns the job's id."""
    for failures in range(sys.maxsize):
        try:
            for data in post(GENERATE_VIDEO, {"input": video_input}, "application/json"):
                answer = data["generateVideo"]
                if "job" not in answer:
                    raise Refused(answer["message"])
                return answer["job"]["id"]
        except Interrupted as error:
            pause(failures, error)


def watch_video_job(job_id: str):
    """Yields the job's states, each newer than the one before, up to the final one."""
    version = failures = 0
    while True:
        reason = "The stream ended."
        try:
            variables = {"id": job_id, "sinceVersion": version}
            for data in post(VIDEO_JOB_UPDATED, variables, "text/event-stream"):
                job = data["videoJobUpdated"]
                if job["version"] <= version:
                    continue
                version, failures = job["version"], 0
                yield job
                if job["isTerminal"]:
                    return
        except Interrupted as error:
            reason = error
        pause(failures, reason)
        failures += 1


def pause(failures: int, reason: object) -> None:
    """From a quarter of a second up to ten seconds, with a random part so that clients do not come back together."""
    print(f"{reason} Trying again.", file=sys.stderr)
    time.sleep(min(0.25 * 2**failures, 10) * random.uniform(0.5, 1))


def main() -> None:
    prompt = sys.argv[1] if len(sys.argv) > 1 else "The camera moves slowly towards the door"
    image = sys.argv[2] if len(sys.argv) > 2 else SAMPLE_IMAGE
    # One key for each request. A program keeps it for all retries of that request.
    key = str(uuid.uuid4())
    try:
        job_id = generate_video({"image": image, "prompt": prompt, "idempotencyKey": key})
        for job in watch_video_job(job_id):
            print(f"version {job['version']}  {job['status']}  {job['progress']:.2f}", flush=True)
            if job["video"]:
                print(job["video"]["url"])
            if job["failure"]:
                sys.exit(f"{job['failure']['code']}: {job['failure']['message']}")
    except Refused as error:
        sys.exit(str(error))


main()
