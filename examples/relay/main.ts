import { ENDPOINT, fail, readInput, show } from '../terminal.ts';
import { createRelayEnvironment } from './environment.ts';
import { generateVideo } from './generate-video.ts';
import { observeVideoJob, watchVideoJob } from './watch-video-job.ts';

try {
  const environment = createRelayEnvironment(ENDPOINT);
  const job = await generateVideo(environment, readInput());
  observeVideoJob(environment, job, show);
  await watchVideoJob(environment, job.id);
} catch (error) {
  fail(error);
}
