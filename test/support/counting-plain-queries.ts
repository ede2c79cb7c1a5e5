import type { IncomingMessage, ServerResponse } from 'node:http';
import { PlainQueries } from '../../src/server/plain-queries.ts';

/** Counts what it answers. */
export class CountingPlainQueries extends PlainQueries {
  answered = 0;

  override async answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const isAnswered = await super.answer(request, response);
    if (isAnswered) this.answered += 1;
    return isAnswered;
  }
}
