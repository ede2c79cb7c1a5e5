/**
 * Simulates a day of an archive on both stores: videos are made while gateways are killed and the archive fails for a while; the upstream
 * forgets its files; then every URL is read, jobs are deleted, and the retention ends. Prints a table in Markdown.
 * Usage: npm run bench:archive [-- <videos; default: 2000> [embedded | redis]]
 *
 * A tenth of the jobs has base64. A quarter of the downloads fails at first. As root the folder of the embedded store is a file system that
 * gets full. A sample of the files is played by ffprobe, if it is installed.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { type DayResult, simulateDay } from '../test/support/archive/day.ts';
import { type DayStore, openDay } from '../test/support/archive/open-day.ts';
import { findProgram } from '../test/support/process/programs.ts';
import { progress } from './measure/progress.ts';
import { table } from './measure/table.ts';

const KILL_EVERY_MS = 4000;
const ffprobe = findProgram({ names: ['ffprobe'] });

const videos = Number(process.argv[2] ?? 2000);
if (!Number.isSafeInteger(videos) || videos < 1)
  throw new Error(`${process.argv[2]} is no number of videos.`);
const rows: string[][] = [];
for (const store of ['embedded store and folder', 'Redis and S3'] as const) {
  if (store.toLowerCase().startsWith(process.argv[3] ?? '')) rows.push(await measure(store));
}
const head = [
  '',
  'the archive failed by',
  'kills',
  'COMPLETED',
  'FAILED',
  'deleted',
  'seconds until all were stored',
  'not stored',
  'other bytes or ranges',
  'not playing',
  'opened by another signature',
  'readable after deletion',
  'orphans after deletion',
  'files after retention',
];
process.stdout.write(`${table(head, rows)}\n`);
if (ffprobe === null) process.stdout.write('\nffprobe is not installed: no file was played.\n');

async function measure(store: DayStore): Promise<string[]> {
  await using day = await openDay(store, { isRealDisk: true });
  const result: DayResult = await simulateDay({
    ...day.options,
    videos,
    killEveryMs: KILL_EVERY_MS,
    play,
    progress: (text) => progress(`${store}: ${text}`),
  });
  const { completed, failed, deleted, kills, secondsToArchive } = result;
  const counts = [kills, completed, failed, deleted, Math.round(secondsToArchive)];
  const faults = [result.missing, result.different, result.notPlaying, result.opened];
  const left = [result.undeleted, result.orphans, result.afterRetention];
  return [store, day.options.place.failure, ...[...counts, ...faults, ...left].map(String)];
}

function play(file: Buffer): boolean {
  if (ffprobe === null) return true;
  const options = [
    '-v',
    'error',
    '-show_entries',
    'stream=codec_name,nb_read_frames',
    '-count_frames',
    '-i',
    '-',
  ];
  const { status, stdout } = spawnSync(ffprobe, options, { input: file });
  return status === 0 && stdout.includes('codec_name=h264') && /nb_read_frames=\d\d/.test(stdout.toString());
}
