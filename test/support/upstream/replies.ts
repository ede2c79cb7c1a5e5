/** The scripted upstream's reply to one request. */
export type Reply =
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[]>>;
      readonly body: string | Buffer;
    }
  /** Sends the status line, the headers and `body`, then nothing, although the length promised more. */
  | {
      readonly type: 'unfinished';
      readonly status: number;
      readonly mediaType: string;
      readonly body: string;
      /** Then the connection ends, or stays open without data. */
      readonly ending: 'destroy' | 'silence';
    }
  /** Ends the connection without an answer. */
  | { readonly type: 'destroy'; readonly when: 'before-reading' | 'after-reading' }
  | { readonly type: 'silence' }
  /** Announces the answer by `100 Continue` and `103 Early Hints`, then goes on with `reply`. */
  | { readonly type: 'announced'; readonly reply: Reply }
  /** Waits for `gate`, then goes on with `reply`. */
  | { readonly type: 'after'; readonly gate: Promise<unknown>; readonly reply: Reply };

/** Any answer, as it is. */
export function answer(
  status: number,
  body: string | Buffer = '',
  headers: Readonly<Record<string, string | string[]>> = {},
): Reply {
  return { type: 'answer', status, headers, body };
}

/** An answer in JSON. */
export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string | string[]>> = {},
): Reply {
  return answer(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
}

/** The HTML answer of a proxy. */
export function html(status: number, title = 'Error'): Reply {
  return answer(status, `<!doctype html><html><head><title>${title}</title></head></html>`, {
    'content-type': 'text/html',
  });
}

/** A redirect. */
export function redirect(status: number, location: string): Reply {
  return answer(status, '', { location });
}

/** Headers and the beginning of a body; then the connection ends. With an empty `body` it ends after the headers. */
export function truncated(status: number, body: string, mediaType = 'application/json'): Reply {
  return { type: 'unfinished', status, mediaType, body, ending: 'destroy' };
}

/** Headers and the beginning of a body; the rest never comes. */
export function neverEnding(status: number, body: string): Reply {
  return { type: 'unfinished', status, mediaType: 'application/json', body, ending: 'silence' };
}

/** Ends the connection at the request's headers, its body unread. */
export const destroyBeforeReading: Reply = { type: 'destroy', when: 'before-reading' };

/** Ends the connection once the whole request was read: the upstream may have acted on it. */
export const destroyAfterReading: Reply = { type: 'destroy', when: 'after-reading' };

/** Reads the request and never answers. */
export const silence: Reply = { type: 'silence' };

/** Answers only when `gate` has resolved. */
export function after(gate: Promise<unknown>, reply: Reply): Reply {
  return { type: 'after', gate, reply };
}

/** Announces the answer by two interim answers. */
export function announced(reply: Reply): Reply {
  return { type: 'announced', reply };
}
