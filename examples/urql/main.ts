import { ENDPOINT, fail, readInput, show } from '../terminal.ts';
import { createUrqlClient } from './client.ts';
import { generateVideo, watchVideoJob } from './video-jobs.ts';

try {
  const client = createUrqlClient(ENDPOINT);
  const id = await generateVideo(client, readInput());
  for await (const job of watchVideoJob(client, id)) show(job);
} catch (error) {
  fail(error);
}
