import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { answerOf, postBody } from '../support/gateway/http.ts';
import { WsClient } from '../support/gateway/ws-client.ts';

const EVERY_FIELD = `
  id version status isTerminal progress createdAt submittedAt startedAt finishedAt estimatedCompletionAt
  upstreamRequestId request { image prompt negativePrompt resolution videoLength steps seed base64 }
  metrics { queueSeconds inferenceSeconds costUsd } video { url contentType byteLength expiresAt }
  failure { code message retryable charged }
  webhookDeliveries { id url event attempts lastStatus lastError nextAttemptAt deliveredAt }`;

const repeated = (count: number, make: (alias: string) => string) =>
  Array.from({ length: count }, (_, index) => make(`a${index}`)).join(' ');

const MODERATE = {
  'a page of 100 jobs with every field': `{ videoJobs(first: 100) { nodes { ${EVERY_FIELD} } pageInfo { endCursor } } }`,
  '50 jobs with every field': `{ ${repeated(50, (alias) => `${alias}: videoJob(id: "x") { ...F } `)} } fragment F on VideoJob { ${EVERY_FIELD} }`,
  '100 nodes with every field': `query ($ids: [ID!]! = [${'"x" '.repeat(100)}]) { nodes(ids: $ids) { ... on VideoJob { ${EVERY_FIELD} } } }`,
  '20 nodes as base64': `{ nodes(ids: [${'"x" '.repeat(20)}]) { ... on Node { ... on VideoJob { video { base64 } } } } }`,
  'a page of 20 videos as base64': '{ videoJobs { nodes { id video { base64 } } } }',
  '250 entities with every field in the document': `query ($r: [_Any!]! = [${'{ __typename: "VideoJob", id: "x" } '.repeat(250)}]) { _entities(representations: $r) { ... on VideoJob { ${EVERY_FIELD} } } }`,
  '20 entities as base64': `{ _entities(representations: [${'{ __typename: "VideoJob", id: "x" } '.repeat(20)}]) { ... on VideoJob { video { base64 } } } }`,
  'one video as base64': 'subscription { videoJobUpdated(id: "x") { id video { base64 } } }',
};

const EXCESSIVE = {
  'many videos as base64': `{ videoJob(id: "x") { ${repeated(30, (alias) => `${alias}: video { base64 }`)} } }`,
  'a long page of videos as base64': '{ videoJobs(first: 100) { nodes { video { base64 } } } }',
  'the same with a `first` of null before':
    '{ videoJobs(first: null, last: 100) { nodes { video { base64 } } } }',
  'the same with a short `first` before':
    'query ($n: Int = 100) { videoJobs(first: 1, last: $n) { nodes { video { base64 } } } }',
  'many nodes as base64': `{ nodes(ids: [${'"x" '.repeat(100)}]) { ... on Node { ... on VideoJob { video { base64 } } } } }`,
  'the same with a variable': `query ($ids: [ID!]! = [${'"x" '.repeat(100)}]) { nodes(ids: $ids) { ... on VideoJob { video { base64 } } } }`,
  'many lists of webhooks': `{ videoJobs(first: 100) { nodes { ${repeated(2, (alias) => `${alias}: webhookDeliveries { id url event attempts lastStatus lastError nextAttemptAt }`)} ${repeated(25, (alias) => `${alias}x: id`)} } } }`,
  'many lists of nodes': `{ ${repeated(50, (alias) => `${alias}: nodes(ids: [${'"x" '.repeat(30)}]) { id ... on VideoJob { request { prompt } } }`)} }`,
  'many pages': `{ ${repeated(100, (alias) => `${alias}: videoJobs(last: 100) { nodes { id request { prompt } } }`)} }`,
  'many fields of a page': `{ videoJobs(first: 100) { nodes { ${repeated(90, (alias) => `${alias}: request { prompt }`)} } } }`,
  'pages of a length that only a variable tells': `query ($n: Int = 100) { ${repeated(50, (alias) => `${alias}: videoJobs(first: $n) { nodes { id version } }`)} }`,
  'the same beside a list of entities': `query ($n: Int = 100) { ${repeated(50, (alias) => `${alias}: videoJobs(first: $n) { nodes { id version } }`)} _entities(representations: []) { __typename } }`,
  'the same by fragments of fragments': `{ ...A } fragment A on Query { ${repeated(20, (alias) => `${alias}: videoJobs { nodes { ...B } }`)} } fragment B on VideoJob { ${repeated(40, (alias) => `${alias}: version`)} }`,
  'the same by inline fragments': `{ ... on Query { ... { videoJobs(first: 100) { nodes { ... on VideoJob { video { ... { base64 } } } } } } } }`,
};

describe('an operation that asks for', () => {
  it.each(Object.entries(MODERATE))('%s is answered', async (_, query) => {
    await using gateway = await startGateway();
    const { status, text } = await postBody(gateway.url, JSON.stringify({ query }), { accept: '*/*' });
    expect(status).toBe(200);
    expect(text).not.toContain('DOCUMENT_TOO_EXPENSIVE');
  });

  it.each(Object.entries(EXCESSIVE))('%s is refused', async (_, query) => {
    await using gateway = await startGateway();
    const accept = 'application/graphql-response+json';
    const { status, text } = await postBody(gateway.url, JSON.stringify({ query }), { accept });
    expect(status).toBe(400);
    expect(answerOf(text).errors).toMatchObject([{ extensions: { code: 'DOCUMENT_TOO_EXPENSIVE' } }]);
  });

  it('too much is refused over WebSocket too', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.connect(gateway.url);
    client.subscribe('1', EXCESSIVE['many pages']);
    expect(await client.refusal('1')).toMatchObject([{ extensions: { code: 'DOCUMENT_TOO_EXPENSIVE' } }]);
  });

  it.each(readdirSync('schema/operations').filter((name) => name.endsWith('.graphql')))(
    'schema/operations/%s is allowed',
    async (name) => {
      await using gateway = await startGateway();
      const query = readFileSync(`schema/operations/${name}`, 'utf8');
      const { text } = await postBody(gateway.url, JSON.stringify({ query }), { accept: 'application/json' });
      expect(text).not.toContain('DOCUMENT_TOO_EXPENSIVE');
    },
  );
});
