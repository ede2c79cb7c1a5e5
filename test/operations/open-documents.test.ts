import { describe, expect, it } from 'vitest';
import { OpenDocuments } from '../../src/operations/open-documents.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { until } from '../support/until.ts';

/** Bytes for two large documents of one owner. */
const TWO_DOCUMENTS = 4 * 1024 * 1024;
const TOO_MANY = [
  {
    message:
      'The open subscriptions have too many different documents. Use variables instead of values in the document, or try again later.',
    extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' },
  },
];

/** A valid document with almost as many tokens as are allowed. */
function largeDocument(name: string): string {
  const fields = Array.from({ length: 1300 }, (_, index) => `a${index}: id`);
  return `subscription ${name} { videoJobsUpdated { ${fields.join(' ')} } }`;
}

describe('the documents of open subscriptions', () => {
  it('take bounded memory: another one is refused, and accepted when one is closed', async () => {
    await using gateway = await startGateway({ openDocuments: new OpenDocuments(TWO_DOCUMENTS) });
    using client = await WsClient.connect(gateway.url);
    for (const name of ['A', 'B']) client.subscribe(name, largeDocument(name));
    await until(() => gateway.store.listenerCount, 2);
    client.subscribe('C', largeDocument('C'));
    const refused = await client.result('C');
    expect(refused.errors).toEqual(TOO_MANY);
    expect(gateway.store.listenerCount).toBe(2);

    client.complete('A');
    await until(() => gateway.store.listenerCount, 1);
    client.subscribe('D', largeDocument('D'));
    await until(() => gateway.store.listenerCount, 2);
    const { id } = await new JobMover(gateway).accept();
    expect((await client.result('D')).data).toMatchObject({ videoJobsUpdated: { a0: id } });
    expect(gateway.log.errors).toEqual([]);
  });

  it('count once for any number of subscribers', async () => {
    await using gateway = await startGateway({ openDocuments: new OpenDocuments(TWO_DOCUMENTS) });
    using client = await WsClient.connect(gateway.url);
    for (let index = 0; index < 100; index++) {
      client.subscribe(`${index}`, largeDocument('A'));
      if (index === 0) await until(() => gateway.store.listenerCount, 1);
    }
    await until(() => gateway.store.listenerCount, 100);
    client.subscribe('B', largeDocument('B'));
    await until(() => gateway.store.listenerCount, 101);
    client.subscribe('C', largeDocument('C'));
    expect((await client.result('C')).errors).toEqual(TOO_MANY);
  });

  it('release their memory when the subscription cannot be opened', async () => {
    await using gateway = await startGateway({ openDocuments: new OpenDocuments(TWO_DOCUMENTS) });
    using client = await WsClient.connect(gateway.url);
    for (let index = 0; index < 5; index++) {
      const fields = largeDocument(`N${index}`).replace(
        'videoJobsUpdated',
        'videoJobUpdated(id: "vj_01a00000-0000-7000-8000-000000000000")',
      );
      client.subscribe(`${index}`, fields);
      const refused = await client.result(`${index}`);
      expect(refused.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
  });
});
