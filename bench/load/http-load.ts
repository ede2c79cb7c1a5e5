/** A process that sends HTTP requests, either as fast as the server responds or at a fixed rate. */
import { percentile } from '../measure/statistics.ts';
import { cpuSeconds, obey, ready } from '../servers/control.ts';
import { microseconds } from '../servers/event-source.ts';
import { HttpConnection } from './http-connection.ts';

export interface HttpLoadInput {
  readonly port: number;
  readonly body: string;
  readonly token: string | null;
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second; null: each connection sends the next request when it has its response. */
  readonly rate: number | null;
}

/** Latencies are in milliseconds. */
export interface HttpLoadOutput {
  /** The body of the first response. */
  readonly body: string;
  readonly answers: number;
  /** `answers`, plus responses after the end of the measurement. */
  readonly total: number;
  readonly seconds: number;
  /** The share of a core that this process used. */
  readonly cpuShare: number;
  readonly p50: number;
  readonly p99: number;
}

const RESPONSE_TIMEOUT_MS = 5000;

obey({ load });
ready();

async function load(input: HttpLoadInput): Promise<HttpLoadOutput> {
  const { port, connections, seconds, rate } = input;
  const latencies: number[] = [];
  const idle: HttpConnection[] = [];
  const failed = Promise.withResolvers<never>();
  let stopping = false;
  let warm = false;
  const onAnswer = (connection: HttpConnection) => {
    const now = microseconds();
    if (warm) latencies.push(now - connection.sentAt);
    if (warm && rate === null && !stopping) ask(connection, now);
    else idle.push(connection);
  };
  const request = requestOf(input);
  const opening = Array.from({ length: connections }, () =>
    HttpConnection.open(port, request, onAnswer, failed.reject),
  );
  const all = await Promise.all(opening);
  try {
    for (const connection of all) ask(connection, microseconds());
    await Promise.race([until(() => idle.length === connections), failed.promise]);
    warm = true;
    const usedBefore = cpuSeconds();
    const started = performance.now();
    if (rate === null) for (const connection of idle.splice(0)) ask(connection, microseconds());
    const pace = rate === null ? null : keepPace(rate, idle);
    await Promise.race([sleep(seconds * 1000), failed.promise]);
    const elapsed = (performance.now() - started) / 1000;
    const cpuShare = (cpuSeconds() - usedBefore) / elapsed;
    const answers = latencies.length;
    stopping = true;
    clearInterval(pace ?? undefined);
    await Promise.race([until(() => idle.length === connections), failed.promise]);
    const milliseconds = Float64Array.from(latencies, (value) => value / 1000);
    const [p50, p99] = [percentile(milliseconds, 0.5), percentile(milliseconds, 0.99)];
    return {
      body: all[0]?.body ?? '',
      answers,
      total: latencies.length,
      seconds: elapsed,
      cpuShare,
      p50,
      p99,
    };
  } finally {
    for (const connection of all) connection.close();
  }
}

/** When all connections are busy, the latency of a delayed request counts from its scheduled time. */
function keepPace(rate: number, idle: HttpConnection[]) {
  const started = microseconds();
  let asked = 0;
  return setInterval(() => {
    const now = microseconds();
    while (asked < ((now - started) / 1_000_000) * rate) {
      const connection = idle.shift();
      if (connection === undefined) return;
      const runAt = started + (asked / rate) * 1_000_000;
      // Timers have a resolution of a millisecond, which must not count as latency.
      ask(connection, now - runAt < 2000 ? now : runAt);
      asked += 1;
    }
  }, 1);
}

function ask(connection: HttpConnection, at: number): void {
  connection.sentAt = at;
  connection.send();
}

function requestOf({ port, body, token }: HttpLoadInput): Buffer {
  const headers = [
    'POST /graphql HTTP/1.1',
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    'accept: application/json',
    ...(token === null ? [] : [`authorization: Bearer ${token}`]),
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${headers.join('\r\n')}\r\n\r\n${body}`);
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    if (waited > RESPONSE_TIMEOUT_MS)
      throw new Error(`The server did not respond within ${RESPONSE_TIMEOUT_MS} ms.`);
    await sleep(5);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
