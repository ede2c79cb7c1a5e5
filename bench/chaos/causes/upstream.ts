import { PNG } from '../../../test/support/gateway/upload.ts';
import { pngOf, postUpload } from '../../../test/support/gateway/upload.ts';
import type { Cause } from '../cause.ts';
import { ask } from '../load.ts';
import { waitFor } from '../wait-for.ts';

const POLLERS = 'poller-.';
/** An unsigned JWT of the issuer with a key that the set does not have. */
const JWT = [
  { alg: 'RS256', kid: 'unknown' },
  { iss: 'https://issuer.example.com', sub: 'someone', exp: 4_000_000_000 },
]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat('c2lnbmF0dXJl')
  .join('.');

/** Faults of the upstream and of other services. */
export const UPSTREAM_CAUSES: readonly Cause[] = [
  {
    fault: 'the upstream answers 429',
    on: POLLERS,
    begin: async ({ load, toApi }) => {
      await load.submitMany(toApi, 8, 'a cat jumps [sandbox:rate-limit-retry-after]');
      return async () => {};
    },
  },
  {
    fault: 'the upstream is down',
    on: POLLERS,
    begin: async ({ upstream, load, toApi }) => {
      await upstream.stop();
      await load.submitMany(toApi, 20, 'a cat jumps');
      return () => upstream.restart();
    },
  },
  {
    fault: 'one job keeps failing',
    on: POLLERS,
    begin: async ({ load, toApi }) => {
      await load.submit(toApi, 'a cat jumps [sandbox:down]');
      return async () => {};
    },
  },
  {
    fault: 'the request history is not available',
    on: POLLERS,
    by: 'outcome="error"',
    begin: async ({ load, toApi }) => {
      await load.submit(toApi, 'a cat jumps [sandbox:history-broken]');
      return async () => {};
    },
    maxMs: 30_000,
  },
  {
    fault: 'the upstream accepts no uploads',
    on: 'api',
    by: 'outcome!="answered"',
    begin: async ({ upstream, toApi }) => {
      upstream.fault = (path) => (path.startsWith('/upload-asset') ? 503 : null);
      await postUpload(toApi.url, pngOf(PNG.length), toApi.token);
      return async () => {
        upstream.fault = null;
      };
    },
  },
  {
    fault: 'the upstream refuses the key',
    on: 'embedded',
    by: 'http_response_status_code="401"',
    begin: async ({ embedded, load, toEmbedded }) => {
      await embedded.end('SIGTERM');
      await embedded.start({ SEGMIND_API_KEY: 'SG_invalid' });
      await load.submitMany(toEmbedded, 2, 'a cat jumps');
      return async () => {
        await embedded.end('SIGTERM');
        await embedded.start();
      };
    },
  },
  {
    fault: 'the collector of traces does not answer',
    on: 'api',
    begin: async ({ collector, toApi }) => {
      await collector.stop();
      await ask(toApi, '{ __typename }', {});
      return () => collector.restart();
    },
  },
  {
    fault: "the issuer's keys cannot be fetched",
    on: 'api',
    begin: async ({ issuer, toApi }) => {
      await issuer.stop();
      // A fetch is allowed every ten seconds.
      let isOver = false;
      const asking = waitFor('the fault is over', async () => {
        await ask({ ...toApi, token: JWT }, '{ __typename }', {});
        return isOver;
      });
      return async () => {
        isOver = true;
        await asking;
        await issuer.restart();
      };
    },
  },
];
