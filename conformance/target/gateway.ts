import { codesOf, isRecord } from '../transports/deliveries.ts';
import { messageOf } from '../transports/http-exchange.ts';

/** Milliseconds for one request. */
const DEADLINE_MS = 10_000;
/** Names the upstream in all answers while it is not public. */
const UPSTREAM_HEADER = 'x-reelgate-upstream';
/** A query that only a Reelgate answers. */
const RECOGNISE = '{ __typename videoJob(id: "unknown") { id version isTerminal } }';

/** Codes with which a gateway refuses any request. */
const GATEWAY_REFUSALS = new Set(['HOST_NOT_ALLOWED', 'LOCAL_ONLY', 'STORE_UNAVAILABLE', 'AUTH_UNAVAILABLE']);

/** What is known about a gateway before the run. */
export interface Gateway {
  /** Its GraphQL endpoint. */
  readonly url: string;
  /** `public` is the paid API. */
  readonly upstream: 'sandbox' | 'private' | 'public';
  /** Whether callers need a token. */
  readonly hasSignIn: boolean;
  /** Whether it is a subgraph. */
  readonly hasFederation: boolean;
}

/** Why a run cannot begin. */
export class TargetError extends Error {
  /** Whether the command line is wrong, not the gateway. */
  readonly isUsage: boolean;

  constructor(message: string, isUsage = false) {
    super(message);
    this.isUsage = isUsage;
  }
}

/**
 * The GraphQL endpoint of a gateway's URL, which may end in /graphql.
 *
 * @throws TargetError
 */
export function endpointOf(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TargetError(`"${given}" is not an http or https URL.`, true);
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new TargetError(`"${given}" may have a path, but no query, fragment or user name.`, true);
  }
  const base = url.href.replace(/\/$/, '').replace(/\/graphql$/, '');
  return `${base}/graphql`;
}

/**
 * Finds out whether a URL is that of a gateway, and of what kind.
 *
 * @throws TargetError
 */
export async function inspect(url: string, token: string | null): Promise<Gateway> {
  const { response, body } = await ask(url, RECOGNISE, token);
  refuseOthers(url, response, body, token);
  const upstream = response.headers.get(UPSTREAM_HEADER);
  const [open, entities] = await Promise.all([
    token === null ? null : ask(url, RECOGNISE, null),
    ask(url, '{ _entities(representations: []) { __typename } }', token),
  ]);
  return {
    url,
    upstream: upstream === 'sandbox' || upstream === 'private' ? upstream : 'public',
    hasSignIn: open !== null && codesOf(open.body['errors']).includes('UNAUTHENTICATED'),
    hasFederation: entities.body['errors'] === undefined,
  };
}

interface Answer {
  readonly response: Response;
  /** Empty when it is no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(url: string, query: string, token: string | null): Promise<Answer> {
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  try {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const body = JSON.stringify({ query });
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    const text = await response.text();
    return { response, body: recordOf(text) };
  } catch (error) {
    throw new TargetError(`${url} cannot be reached: ${messageOf(error)}`);
  }
}

function recordOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** Says why the kit cannot run against an answer. */
function refuseOthers(
  url: string,
  { status, headers }: Response,
  { data, errors }: Answer['body'],
  token: string | null,
): void {
  if (isRecord(data) && 'videoJob' in data && errors === undefined) return;
  const location = headers.get('location');
  if (status >= 300 && status < 400 && location !== null) {
    throw new TargetError(`${url} redirects to ${location}. Use the gateway's own URL.`, true);
  }
  const code = codesOf(errors)[0] ?? 'none';
  if (code === 'UNAUTHENTICATED' && token === null) {
    throw new TargetError(
      `${url} needs sign-in. Set REELGATE_TOKEN to a token with the scopes video:read and video:generate.`,
      true,
    );
  }
  if (code === 'UNAUTHENTICATED')
    throw new TargetError(`${url} refuses the token of REELGATE_TOKEN or --token.`, true);
  if (code === 'FORBIDDEN') throw new TargetError('The token needs the scope video:read.', true);
  if (code === 'DOCUMENT_NOT_TRUSTED') {
    throw new TargetError(
      `${url} executes only the documents of TRUSTED_DOCUMENTS_FILE, and the cases have their own. Use an instance without that setting.`,
    );
  }
  if (GATEWAY_REFUSALS.has(code)) throw new TargetError(`${url} answers ${code}. See docs/errors.md.`);
  throw new TargetError(
    `${url} is not a Reelgate gateway: it answers HTTP ${status} (${headers.get('content-type') ?? 'no content'}).`,
  );
}
