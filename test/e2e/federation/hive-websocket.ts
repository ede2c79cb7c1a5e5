/** Hive Gateway in front of Reelgate, with subscriptions over WebSocket. */
import { defineConfig } from '@graphql-hive/gateway';
import { gatewayConfig as base } from './hive-sse.ts';

export const gatewayConfig = defineConfig({
  ...base,
  transportEntries: {
    reelgate: {
      options: {
        subscriptions: {
          kind: 'ws',
          options: { connectionParams: { authorization: '{context.headers.authorization}' } },
        },
      },
    },
  },
});
