import type { IncomingMessage, ServerResponse } from 'node:http';
import { PlainQueries } from '../../src/server/plain-queries.ts';
import type { ReadAhead } from '../../src/server/request-body.ts';

/** Counts what it answers. */
export class CountingPlainQueries extends PlainQueries {
  answered = 0;

  override async answer(
    request: IncomingMessage,
    response: ServerResponse,
    ahead: ReadAhead,
  ): Promise<boolean> {
    const isAnswered = await super.answer(request, response, ahead);
    if (isAnswered) this.answered += 1;
    return isAnswered;
  }
}
