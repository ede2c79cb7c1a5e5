"""Makes a video and watches its job:  python watch.py ["prompt"] [image URL]

Needs gql 4: pip install "gql[websockets]>=4,<5"
"""

import asyncio
import os
import sys
import uuid

from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

ENDPOINT = os.environ.get("REELGATE_URL", "http://127.0.0.1:4000") + "/graphql"
SAMPLE_IMAGE = (
    "https://segmind-resources.s3.amazonaws.com/input/e654c0e4-f048-4450-b289-e37280210c3e-wan-480-ip.png"
)

GENERATE_VIDEO = gql(
    """
    mutation GenerateVideo($input: GenerateVideoInput!) {
      generateVideo(input: $input) {
        ... on GenerateVideoSuccess { job { id } }
        ... on GenerateVideoError { code message }
      }
    }
    """
)

VIDEO_JOB_UPDATED = gql(
    """
    subscription VideoJobUpdated($id: ID!, $sinceVersion: Int) {
      videoJobUpdated(id: $id, sinceVersion: $sinceVersion) {
        version
        status
        isTerminal
        progress
        video { url }
        failure { code message }
      }
    }
    """
)

# Errors of a connection when the gateway cannot be reached or restarts.
CONNECTION_ERRORS = (TransportConnectionFailed, OSError, asyncio.TimeoutError)


def connect() -> Client:
    """A client for one connection. It carries mutations too, so that one transport is enough."""
    url = ENDPOINT.replace("http", "ws", 1)
    return Client(transport=WebsocketsTransport(url=url, subprotocols=["graphql-transport-ws"]))


def is_passing(error: TransportQueryError) -> bool:
    """Whether a retry may succeed."""
    codes = [fault.get("extensions", {}).get("code") for fault in error.errors or []]
    return all(code == "STORE_UNAVAILABLE" for code in codes)


async def generate_video(video_input: dict) -> str:
    """Sends a request until it is answered. Its idempotency key makes one job. Returns the job's id."""
    request = GraphQLRequest(GENERATE_VIDEO, variable_values={"input": video_input})
    while True:
        try:
            async with connect() as session:
                result = (await session.execute(request))["generateVideo"]
            if "job" not in result:
                sys.exit(f"{result['code']}: {result['message']}")
            return result["job"]["id"]
        except CONNECTION_ERRORS as error:
            await pause(error)
        except TransportQueryError as error:
            if not is_passing(error):
                raise
            await pause(error)


async def watch_video_job(job_id: str):
    """Yields the job's states, each newer than the one before, up to the terminal one."""
    version = 0
    while True:
        request = GraphQLRequest(
            VIDEO_JOB_UPDATED, variable_values={"id": job_id, "sinceVersion": version}
        )
        why = "the stream ended"
        try:
            async with connect() as session:
                async for result in session.subscribe(request):
                    job = result["videoJobUpdated"]
                    if job["version"] <= version:
                        continue
                    version = job["version"]
                    yield job
                    if job["isTerminal"]:
                        return
        except CONNECTION_ERRORS as error:
            why = error
        except TransportQueryError as error:
            if not is_passing(error):
                raise
            why = error
        # A stream may end before the job does, for example when the gateway restarts.
        await pause(why)


async def pause(why: object) -> None:
    print(f"{why!r}: trying again", file=sys.stderr)
    await asyncio.sleep(1)


async def main() -> None:
    prompt = sys.argv[1] if len(sys.argv) > 1 else "The camera moves slowly towards the door"
    image = sys.argv[2] if len(sys.argv) > 2 else SAMPLE_IMAGE
    # One key for each request, kept for all retries.
    key = str(uuid.uuid4())
    job_id = await generate_video({"image": image, "prompt": prompt, "idempotencyKey": key})
    async for job in watch_video_job(job_id):
        print(f"version {job['version']}  {job['status']}  {job['progress']:.2f}", flush=True)
        if job["video"]:
            print(job["video"]["url"])
        if job["failure"]:
            sys.exit(f"{job['failure']['code']}: {job['failure']['message']}")


asyncio.run(main())
