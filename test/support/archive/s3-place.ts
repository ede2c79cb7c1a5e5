import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { createS3Client } from '../../../src/archive/blobs/s3/s3-client.ts';
import { createAgent } from '../../../src/providers/segmind/http/agent.ts';
import { SwiftServer } from '../s3/swift-server.ts';
import type { ArchivePlace } from './archive-place.ts';

const BUCKET = 'videos';
const PREFIX = 'of/the-day';

/** A bucket of a real S3-compatible server, which can be stopped for a while. */
export async function s3Place(): Promise<ArchivePlace> {
  await using resources = new AsyncDisposableStack();
  const server = resources.use(await SwiftServer.start());
  const dispatcher = createAgent({ proxy: null, signal: new AbortController().signal });
  resources.defer(() => dispatcher.destroy());
  const { endpoint } = server;
  const { accessKeyId, secretAccessKey } = SwiftServer;
  const client = await createS3Client({
    endpoint,
    dispatcher,
    credentials: { accessKeyId, secretAccessKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  let isRunning = true;
  const owned = resources.move();
  return {
    settings: {
      ARCHIVE: `s3://${BUCKET}/${PREFIX}`,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: 'us-east-1',
    },
    failure: 'S3 down',
    list: async () => {
      const names: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket: BUCKET,
            ...(after === undefined ? {} : { ContinuationToken: after }),
          }),
        );
        names.push(...(page.Contents ?? []).map(({ Key = '' }) => Key.replace(`${PREFIX}/`, '')));
        after = page.NextContinuationToken;
        if (after === undefined) return names;
      }
    },
    fail: async () => {
      if (isRunning) await server.kill();
      isRunning = false;
    },
    heal: async () => {
      if (!isRunning) await server.restart();
      isRunning = true;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
