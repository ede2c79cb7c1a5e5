import type { Job } from '../../domain/job.ts';

/** A message on a channel. However many listen to it, it is read once. */
export class Announcement {
  readonly text: string;
  #job: Job | null | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Null: it is no announcement of a job. */
  get job(): Job | null {
    return (this.#job ??= parseJob(this.text));
  }
}

function parseJob(text: string): Job | null {
  try {
    const job: Job | null = JSON.parse(text);
    return typeof job?.id === 'string' && typeof job.version === 'number' ? job : null;
  } catch {
    return null;
  }
}
