import type { Need } from './reading/case.ts';
import type { MissingTransport, Capabilities } from './running/plan.ts';
import type { Gateway } from './target/gateway.ts';
import { GET, POST_JSON, POST_RESPONSE_JSON } from './transports/json.ts';
import { MULTIPART } from './transports/multipart.ts';
import { SSE_GET, SSE_POST } from './transports/sse.ts';
import type { Transport } from './transports/transport.ts';
import { WEBSOCKET } from './transports/websocket.ts';

/** The transports that need nothing but the gateway's URL. */
export const TRANSPORTS: readonly Transport[] = [
  POST_JSON,
  POST_RESPONSE_JSON,
  GET,
  SSE_POST,
  SSE_GET,
  MULTIPART,
  WEBSOCKET,
];

/** Takes the place of the callback transport in a run without a listener. */
export const NO_CALLBACK: MissingTransport = {
  name: 'callback',
  kinds: ['subscription'],
  via: 'gateway',
  reason: 'needs --callback URL, at which the gateway reaches this machine',
};

/** Which needs a deployed gateway does not meet. @param mayPay whether a job may cost money */
export function unmetNeeds(
  { upstream, hasSignIn, hasFederation }: Gateway,
  mayPay: boolean,
): Capabilities['unmet'] {
  const unmet: Partial<Record<Need, string>> = {
    'control of the process': 'needs a gateway that the run may stop',
    'known limits': 'needs a gateway with known limits',
  };
  if (upstream !== 'sandbox')
    unmet.sandbox = 'creates jobs of its own, which only the embedded sandbox makes for free';
  if (upstream !== 'sandbox' && !mayPay)
    unmet.job = 'needs a job, which costs one video (about $0.50): add --generate to pay for it';
  if (!hasSignIn) unmet['sign-in'] = 'the gateway needs no token';
  if (!hasFederation) unmet.federation = 'the gateway is not a subgraph (FEDERATION=false)';
  return unmet;
}
