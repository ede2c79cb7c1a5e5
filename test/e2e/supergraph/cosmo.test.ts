import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { FEDERATION, installFederation } from './composition.ts';

const INSTALL_MS = 300_000;

beforeAll(installFederation, INSTALL_MS);

it('the configuration of Cosmo Router resolves jobs by their id and subscribes over WebSocket', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['cosmo-config.ts'], { cwd: FEDERATION });
  const { engineConfig } = JSON.parse(stdout);
  expect(engineConfig.datasourceConfigurations).toMatchObject([
    {
      rootNodes: [
        {
          typeName: 'Mutation',
          fieldNames: [
            'cancelVideoJob',
            'createJobToken',
            'deleteVideoJob',
            'generateVideo',
            'redeliverWebhook',
          ],
        },
        { typeName: 'Query', fieldNames: ['upstream', 'videoJob', 'videoJobs'] },
        { typeName: 'Subscription', fieldNames: ['videoJobUpdated', 'videoJobsDeleted', 'videoJobsUpdated'] },
        { typeName: 'VideoJob', fieldNames: expect.arrayContaining(['id', 'status', 'video']) },
      ],
      keys: [{ typeName: 'VideoJob', selectionSet: 'id' }],
      customGraphql: {
        fetch: { url: { staticVariableContent: 'http://reelgate.internal:4000/graphql' } },
        subscription: {
          enabled: true,
          url: { staticVariableContent: 'ws://reelgate.internal:4000/graphql' },
          protocol: 'GRAPHQL_SUBSCRIPTION_PROTOCOL_WS',
          websocketSubprotocol: 'GRAPHQL_WEBSOCKET_SUBPROTOCOL_TRANSPORT_WS',
        },
      },
    },
    { keys: [{ typeName: 'Product' }, { typeName: 'VideoJob', disableEntityResolver: true }] },
  ]);
});
