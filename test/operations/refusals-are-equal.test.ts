import { expect, it } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { graphql } from '../support/gateway/http.ts';
import { SseClient } from '../support/gateway/sse-client.ts';
import { WsClient } from '../support/gateway/ws-client.ts';

it.each([
  {
    query: '{ videoJobs { nope } }',
    locations: [{ line: 1, column: 15 }],
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  { query: '{\n  videoJobs(', locations: [{ line: 2, column: 13 }], code: 'GRAPHQL_PARSE_FAILED' },
])('$code has the same place in the document on every transport', async ({ query, locations, code }) => {
  await using gateway = await startGateway();
  const errors = [{ message: expect.any(String), locations, extensions: { code } }];
  // The second time the refusal comes from the cache.
  for (let time = 0; time < 2; time++) {
    expect((await graphql(gateway.url, query)).errors).toEqual(errors);
    using stream = await SseClient.open(gateway.url, query);
    expect((await stream.result()).errors).toEqual(errors);
    using client = await WsClient.connect(gateway.url);
    client.subscribe('1', query);
    expect(await client.refusal('1')).toEqual(errors);
  }
});
