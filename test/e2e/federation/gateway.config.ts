/** Hive Gateway in front of Reelgate. SUBSCRIPTIONS is its transport for subscriptions, PORT the port that it listens on. */
import { defineConfig, MemPubSub } from '@graphql-hive/gateway';

const AUTHORIZATION = '{context.headers.authorization}';

/** By `kind` of Hive's transports. */
const SUBSCRIPTIONS: Record<string, object> = {
  sse: {},
  ws: { subscriptions: { kind: 'ws', options: { connectionParams: { authorization: AUTHORIZATION } } } },
  callback: {
    subscriptions: {
      kind: 'http-callback',
      headers: [['authorization', AUTHORIZATION]],
      options: {
        public_url: `http://127.0.0.1:${process.env.PORT}/callback`,
        path: '/callback',
        heartbeat_interval: 10_000,
      },
    },
  },
};

export const gatewayConfig = defineConfig({
  // Both are needed for callbacks only.
  pubsub: new MemPubSub(),
  webhooks: true,
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => {
      const authorization = request.headers.get('authorization');
      return authorization === null ? {} : { authorization };
    },
  },
  transportEntries: { reelgate: { options: SUBSCRIPTIONS[process.env.SUBSCRIPTIONS ?? 'sse'] } },
});

// Exits when the process that started it has exited in any way.
process.stdin.resume().on('close', () => process.exit());
