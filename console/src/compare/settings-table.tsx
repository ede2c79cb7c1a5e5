import type { VideoJob } from '@reelgate/client';
import { costText } from '../gateway/upstream.ts';
import { bytes, duration } from '../jobs/times.ts';

interface SettingsTableProps {
  readonly first: VideoJob;
  readonly second: VideoJob;
}

interface Row {
  readonly name: string;
  /** The value as text; `UNKNOWN` while there is none. */
  readonly values: readonly [string, string];
}

const UNKNOWN = '–';

/** The settings and results of two jobs: first what differs, then what is the same. */
export function SettingsTable({ first, second }: SettingsTableProps) {
  const rows = FACTS.map(({ name, read }): Row => ({ name, values: [read(first), read(second)] }));
  const different = rows.filter(({ values: [one, other] }) => one !== other);
  const same = rows.filter(({ values: [one, other] }) => one === other && one !== UNKNOWN);
  return (
    <>
      <section aria-labelledby="different-heading">
        <h2 id="different-heading">What differs</h2>
        {different.length === 0 ? (
          <p className="muted">Nothing: both have the same settings.</p>
        ) : (
          <table className="differences" aria-labelledby="different-heading">
            <thead>
              <tr>
                <td />
                <th scope="col">First video</th>
                <th scope="col">Second video</th>
              </tr>
            </thead>
            <tbody>
              {different.map(({ name, values: [one, other] }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{one}</td>
                  <td>{other}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      <section aria-labelledby="same-heading">
        <h2 id="same-heading">What is the same</h2>
        <dl className="facts">
          {same.map(({ name, values: [value] }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
    </>
  );
}

const FACTS: readonly { readonly name: string; readonly read: (job: VideoJob) => string }[] = [
  { name: 'Prompt', read: ({ request }) => request.prompt },
  { name: 'Negative prompt', read: ({ request }) => request.negativePrompt || UNKNOWN },
  { name: 'Longest side', read: ({ request }) => `${request.resolution.slice(1)} pixels` },
  { name: 'Length', read: ({ request }) => `${request.videoLength} s` },
  { name: 'Steps', read: ({ request }) => String(request.steps) },
  { name: 'Seed', read: ({ request }) => String(request.seed) },
  { name: 'Image', read: ({ request }) => request.image },
  { name: 'Took', read: timeTaken },
  { name: 'Cost', read: ({ metrics }) => (metrics?.costUsd == null ? UNKNOWN : costText(metrics.costUsd)) },
  { name: 'Size', read: ({ video }) => (video?.byteLength == null ? UNKNOWN : bytes(video.byteLength)) },
];

function timeTaken({ createdAt, finishedAt }: VideoJob): string {
  return finishedAt === null ? UNKNOWN : duration(Date.parse(finishedAt) - Date.parse(createdAt));
}
