/** Hive Gateway in front of Reelgate, with subscriptions by callback. ORIGIN is the one at which Reelgate reaches the router. */
import { defineConfig, MemPubSub } from '@graphql-hive/gateway';
import { gatewayConfig as base } from './hive-sse.ts';

export const gatewayConfig = defineConfig({
  ...base,
  pubsub: new MemPubSub(),
  webhooks: true,
  transportEntries: {
    reelgate: {
      options: {
        subscriptions: {
          kind: 'http-callback',
          headers: [['authorization', '{context.headers.authorization}']],
          options: {
            public_url: `${process.env.ORIGIN}/callback`,
            path: '/callback',
            heartbeat_interval: 10_000,
          },
        },
      },
    },
  },
});
