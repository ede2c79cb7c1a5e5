import { expect, test } from 'vitest';
import { useConsole } from '../support/browser/console-fixture.ts';
import { generate, readJob } from '../support/gateway/spawned-gateway.ts';

const fixture = useConsole({ SEGMIND_RPM: '1' });

test('a job that waits for the rate limit says so on the page, with a time, and in the log', async () => {
  await generate(fixture.url, { prompt: 'the first takes the only call' });
  const prompt = 'the second waits';
  const { id } = await generate(fixture.url, { prompt });
  await using console = await fixture.open();
  const card = console.card(prompt);
  await card.getByText(/waiting for the rate limit, about \d/).waitFor();
  expect(await card.getByRole('progressbar').getAttribute('aria-valuetext')).toContain('rate limit');
  expect(await readJob(fixture.url, id)).toMatchObject({ status: 'QUEUED', version: 2 });
  expect(fixture.output()).toContain('jobs are waiting for the rate limit');
});
