import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { graphql } from './http.ts';

/** A gateway in its own process, started as users start it. */
export interface SpawnedGateway extends AsyncDisposable {
  /** Its origin. */
  readonly url: string;
  readonly pid: number;
  /** Its whole output. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
}

/** Milliseconds for a start: on a busy machine it may take many seconds. */
const START_DEADLINE_MS = 45_000;

/** Starts the gateway from its sources, or from another main file, on a free port, and waits until it listens. */
export async function spawnGateway(
  settings: Readonly<Record<string, string>>,
  main = 'src/main.ts',
): Promise<SpawnedGateway> {
  const child = spawnMain(settings, main);
  const url = await listeningUrl(child);
  return {
    url,
    pid: child.process.pid ?? 0,
    output: child.output,
    kill: (signal) => child.process.kill(signal),
    exited: child.exited,
    [Symbol.asyncDispose]: async () => {
      child.process.kill('SIGKILL');
      await child.exited;
    },
  };
}

/** Starts a gateway that is expected to exit, and waits for that. */
export async function spawnFailingGateway(settings: Readonly<Record<string, string>>, main = 'src/main.ts') {
  const child = spawnMain(settings, main);
  const timer = setTimeout(() => child.process.kill('SIGKILL'), START_DEADLINE_MS);
  const exit = await child.exited;
  clearTimeout(timer);
  return { exit, output: child.output() };
}

function spawnMain(settings: Readonly<Record<string, string>>, main: string) {
  const started = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  started.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  started.stderr.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const exited = once(started, 'close').then(([code, signal]: unknown[]) => toExit(code, signal));
  return { process: started, output: () => chunks.join(''), exited };
}

function toExit(code: unknown, signal: unknown): number | NodeJS.Signals {
  if (typeof code === 'number') return code;
  return signal === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL';
}

async function listeningUrl(child: {
  process: ChildProcess;
  output: () => string;
  exited: Promise<unknown>;
}) {
  const found = Promise.withResolvers<string>();
  const look = () => {
    const url = /listening on (http:\/\/[^\s"]+)/.exec(child.output())?.[1];
    if (url !== undefined) found.resolve(url);
  };
  const fail = (why: string) => found.reject(new Error(`The gateway ${why}:\n${child.output()}`));
  child.process.stdout?.on('data', look);
  child.exited.then(() => fail('ended before it listened')).catch(found.reject);
  const timer = setTimeout(() => fail('did not listen in time'), START_DEADLINE_MS);
  try {
    return await found.promise;
  } finally {
    clearTimeout(timer);
    child.process.stdout?.off('data', look);
  }
}

/** The fields of a job that tests read. */
export interface SeenJob {
  readonly id: string;
  readonly version: number;
  readonly status: 'QUEUED' | 'PROCESSING' | 'COMPLETED' | 'FAILED';
  readonly isTerminal: boolean;
  readonly failure: { readonly code: string; readonly charged: string; readonly message: string } | null;
  readonly video: { readonly url: string | null; readonly byteLength: number | null } | null;
}

const JOB_FIELDS = 'id version status isTerminal failure { code charged message } video { url byteLength }';

/** Submits a job that must be accepted. */
export async function generate(url: string, input: Readonly<Record<string, unknown>>): Promise<SeenJob> {
  const { data, errors } = await graphql<{ generateVideo?: { job?: SeenJob } | null }>(
    url,
    `mutation ($input: GenerateVideoInput!) {
      generateVideo(input: $input) { ... on GenerateVideoSuccess { job { ${JOB_FIELDS} } } ... on GenerateVideoError { code message } }
    }`,
    { input: { image: 'https://example.com/cat.png', ...input } },
  );
  const job = data?.generateVideo?.job;
  if (job === undefined) throw new Error(`Not accepted: ${JSON.stringify({ data, errors })}`);
  return job;
}

/** Reads one job. */
export async function readJob(url: string, id: string): Promise<SeenJob | null> {
  const { data } = await graphql<{ videoJob: SeenJob | null }>(
    url,
    `query ($id: ID!) { videoJob(id: $id) { ${JOB_FIELDS} } }`,
    { id },
  );
  return data?.videoJob ?? null;
}

/** Watches a job over WebSocket until the stream ends. @returns every state, in order */
export async function watchToEnd(
  url: string,
  id: string,
  onSeen: (job: SeenJob) => void = () => {},
): Promise<SeenJob[]> {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  const seen: SeenJob[] = [];
  try {
    const updates = client.iterate<{ videoJobUpdated: SeenJob }>({
      query: `subscription ($id: ID!) { videoJobUpdated(id: $id) { ${JOB_FIELDS} } }`,
      variables: { id },
    });
    for await (const { data, errors } of updates) {
      if (data == null) throw new Error(JSON.stringify(errors));
      seen.push(data.videoJobUpdated);
      onSeen(data.videoJobUpdated);
    }
    return seen;
  } finally {
    await client.dispose();
  }
}
