import { type Job, readStoredJob } from '../../domain/job.ts';

/** A message on a channel. However many listen to it, it is read once. */
export class Announcement {
  readonly text: string;
  #job: Job | null | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Null: it is no announcement of a job. */
  get job(): Job | null {
    if (this.#job === undefined) this.#job = parseJob(this.text);
    return this.#job;
  }
}

function parseJob(text: string): Job | null {
  try {
    return readStoredJob(JSON.parse(text));
  } catch {
    return null;
  }
}
