import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'vitest';
import { generate, readJob, spawnGateway, watchToEnd } from '../../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { startCountingUpstream } from '../../support/upstream/counting-upstream.ts';

/** Milliseconds after the first accepted job at which the gateway is killed: while accepting, submitting, polling, collecting. */
const KILL_AFTER_MS = [0, 20, 80, 700, 1500];

test.concurrent('kill -9 at any moment: no accepted job is lost, none is sent twice, every one ends', async ({
  expect,
}) => {
  await using upstream = await startCountingUpstream(30);
  using folder = tempFolder();
  const settings = {
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.url,
    SEGMIND_RPM: '0',
    JOB_DEADLINE_SECONDS: '60',
  };
  const accepted: string[] = [];
  for (const [round, killAfter] of KILL_AFTER_MS.entries()) {
    await using gateway = await spawnGateway(settings);
    const jobs = Array.from({ length: 20 }, async (_, index) => {
      const { id } = await generate(gateway.url, { prompt: `round ${round} job ${index}` });
      accepted.push(id);
    });
    await Promise.any(jobs);
    await delay(killAfter);
    gateway.kill('SIGKILL');
    await gateway.exited;
    await Promise.allSettled(jobs);
  }
  expect(accepted.length).toBeGreaterThan(KILL_AFTER_MS.length);

  await using gateway = await spawnGateway(settings);
  const histories = await Promise.all(accepted.map((id) => watchToEnd(gateway.url, id)));
  const ends = histories.map((history) => history.at(-1));
  expect(ends.map((job) => job?.id)).toEqual(accepted);
  // A job whose submission was cut off may exist upstream, so it is not sent again.
  const outcomes = new Set(ends.map((job) => job?.failure?.code ?? job?.status));
  expect([...outcomes].filter((outcome) => outcome !== 'SUBMISSION_UNKNOWN')).toEqual(['COMPLETED']);
  expect(await Promise.all(accepted.map((id) => readJob(gateway.url, id)))).toEqual(ends);
  expect([...upstream.submits.entries()].filter(([, count]) => count > 1)).toEqual([]);
});

test.concurrent('a job that the upstream accepted before a crash is continued after it', async ({
  expect,
}) => {
  await using upstream = await startCountingUpstream();
  using folder = tempFolder();
  const settings = { DATA_DIR: folder.path, SEGMIND_API_KEY: 'SG_test', SEGMIND_BASE_URL: upstream.url };
  let id: string;
  {
    await using first = await spawnGateway(settings);
    id = (await generate(first.url, { prompt: 'carry on' })).id;
    await expect.poll(async () => (await readJob(first.url, id))?.version).toBeGreaterThan(2);
    first.kill('SIGKILL');
    await first.exited;
  }
  await using second = await spawnGateway(settings);
  const history = await watchToEnd(second.url, id);
  expect(history.at(-1)).toMatchObject({ status: 'COMPLETED', video: { byteLength: 1234 } });
  expect(upstream.submits.get('carry on')).toBe(1);
});
