import { randomUUID } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import { createS3Client } from '../../../src/archive/blobs/s3/s3-client.ts';
import { createAgent } from '../../../src/providers/segmind/http/agent.ts';
import { SwiftServer } from './swift-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the endpoint of the one Swift server of this run; the first request starts it. */
    swiftStarter: string;
  }
}

/** Returns the endpoint of the shared server. */
export async function sharedSwift(): Promise<string> {
  const response = await fetch(inject('swiftStarter'));
  if (!response.ok) throw new Error(await response.text());
  return response.text();
}

/** The variables by which a gateway uses a Swift server. */
export function swiftVariables(endpoint: string) {
  return {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: SwiftServer.accessKeyId,
    AWS_SECRET_ACCESS_KEY: SwiftServer.secretAccessKey,
    AWS_REGION: 'us-east-1',
  };
}

export interface SwiftClientOptions {
  /** @default the right one */
  readonly secretAccessKey?: string | undefined;
  readonly idleTimeoutMs?: number | undefined;
}

/** A client whose connections end when it is disposed. */
export async function openSwiftClient(endpoint: string, options: SwiftClientOptions = {}) {
  const { secretAccessKey = SwiftServer.secretAccessKey, idleTimeoutMs = 20_000 } = options;
  const dispatcher = createAgent({ proxy: null, signal: new AbortController().signal });
  const credentials = { accessKeyId: SwiftServer.accessKeyId, secretAccessKey };
  const client = await createS3Client({ endpoint, dispatcher, credentials, idleTimeoutMs });
  return { client, [Symbol.asyncDispose]: () => dispatcher.destroy() };
}

/** Creates an empty bucket. @returns its name */
export async function createBucket(endpoint: string): Promise<string> {
  await using opened = await openSwiftClient(endpoint);
  const name = `reelgate-${randomUUID()}`;
  await opened.client.send(new CreateBucketCommand({ Bucket: name }));
  return name;
}
