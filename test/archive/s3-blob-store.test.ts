import { PassThrough, Readable } from 'node:stream';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { BlobStoreError } from '../../src/archive/blob-store.ts';
import { S3BlobStore } from '../../src/archive/blobs/s3/s3-blob-store.ts';
import { blobStoreCases, put, read } from '../contract/blob-store.ts';
import { TcpProxy } from '../support/network/tcp-proxy.ts';
import { createBucket, openSwiftClient, sharedSwift } from '../support/s3/shared-swift.ts';
import { SwiftServer } from '../support/s3/swift-server.ts';

const signal = new AbortController().signal;

describe('a bucket', () => {
  blobStoreCases(() => openBucket());

  it('keeps the files of each prefix apart', async () => {
    const endpoint = await sharedSwift();
    const bucket = await createBucket(endpoint);
    await using one = await openBucket({ endpoint, bucket, prefix: 'one/a' });
    await using other = await openBucket({ endpoint, bucket, prefix: '' });
    await put(one.store, Buffer.from('one'), 'x.mp4');
    expect(await other.store.head('x.mp4')).toBeNull();
    expect(String(await read(other.store, null, 'one/a/x.mp4'))).toBe('one');
  });

  it('stores the content type, and refuses requests without credentials', async () => {
    const endpoint = await sharedSwift();
    await using opened = await openBucket({ endpoint });
    await put(opened.store, Buffer.from('x'), 'x.mp4');
    const head = new HeadObjectCommand({ Bucket: opened.bucket, Key: 'videos/x.mp4' });
    expect(await opened.client.send(head)).toMatchObject({ ContentType: 'video/mp4' });
    const anonymous = await fetch(`${endpoint}/${opened.bucket}/videos/x.mp4`);
    expect(anonymous.ok).toBe(false);
  });

  it('passes the check of a start, and is empty after it', async () => {
    await using opened = await openBucket();
    await opened.store.check({ writes: false, signal });
    await opened.store.check({ writes: true, signal });
    expect(await opened.store.head('start-check')).toBeNull();
  });
});

describe('an error of the service names the bucket and what to do', () => {
  it.each([true, false])('with a wrong secret, also at the start (writes: %s)', async (writes) => {
    await using opened = await openBucket({ secret: 'wrong-secret' });
    const message = `The bucket ${opened.bucket} at ${opened.endpoint} refuses the access key or its secret (403 SignatureDoesNotMatch): correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
    for (const use of [
      () => opened.store.check({ writes, signal }),
      () => put(opened.store, Buffer.alloc(3_000_000)),
      () => read(opened.store),
      () => opened.store.delete('a'),
    ]) {
      await expect(use()).rejects.toThrow(message);
      await expect(use()).rejects.toThrow(BlobStoreError);
      await expect(use()).rejects.not.toThrow('wrong-secret');
    }
    // An answer to HEAD has no body.
    await expect(opened.store.head('a')).rejects.toThrow('refuses access (403): check the credentials');
  });

  it.each([true, false])('with a missing bucket, also at the start (writes: %s)', async (writes) => {
    await using opened = await openBucket({ bucket: 'missing' });
    const message = `The bucket missing at ${opened.endpoint} does not exist (404 NoSuchBucket): create it, or correct ARCHIVE`;
    for (const use of [
      () => opened.store.check({ writes, signal }),
      () => put(opened.store, Buffer.from('x')),
      () => read(opened.store),
      () => opened.store.delete('a'),
    ]) {
      await expect(use()).rejects.toThrow(message);
    }
  });

  it('with a clock that is wrong, which the client corrects for the next call', async () => {
    await using opened = await openBucket();
    opened.client.config.systemClockOffset = 60 * 60 * 1000;
    await expect(put(opened.store, Buffer.from('x'), 'a')).rejects.toThrow(
      `The clocks of this machine and of the bucket ${opened.bucket} at ${opened.endpoint} differ by more than 15 minutes (403 RequestTimeTooSkewed): correct the clock`,
    );
    await put(opened.store, Buffer.from('x'), 'a');
    expect(await opened.store.head('a')).toBe(1);
  });

  it('with a server that cannot be reached', async () => {
    const proxy = await TcpProxy.start(1);
    const endpoint = `http://127.0.0.1:${proxy.port}`;
    await proxy[Symbol.asyncDispose]();
    await using opened = await openBucket({ endpoint, bucket: 'my-bucket' });
    const body = Readable.from([Buffer.alloc(1000)]);
    await expect(put(opened.store, body, 'a', 1000)).rejects.toThrow(
      `The bucket my-bucket at ${endpoint} cannot be reached: check AWS_ENDPOINT_URL_S3 and AWS_REGION, the network, and the proxy settings (connect ECONNREFUSED`,
    );
    expect(body.destroyed).toBe(true);
    await expect(read(opened.store)).rejects.toThrow(BlobStoreError);
    await expect(opened.store.head('a')).rejects.toThrow(BlobStoreError);
    await expect(opened.store.delete('a')).rejects.toThrow(BlobStoreError);
  });
});

it('a broken connection fails an upload, which stores nothing, and later calls work', async () => {
  await using proxy = await TcpProxy.start(Number(new URL(await sharedSwift()).port));
  const endpoint = `http://127.0.0.1:${proxy.port}`;
  await using opened = await openBucket({ endpoint });
  let sent = 0;
  const body = new Readable({
    read() {
      sent += 65_536;
      if (sent === 10 * 65_536) proxy.cut();
      this.push(Buffer.alloc(65_536));
    },
  });
  await expect(put(opened.store, body, 'a', 64 * 65_536)).rejects.toThrow(BlobStoreError);
  expect(body.destroyed).toBe(true);
  expect(await opened.store.head('a')).toBeNull();
  await put(opened.store, Buffer.from('x'), 'a');
  // A call without a body is repeated over a new connection.
  proxy.cut();
  expect(await opened.store.head('a')).toBe(1);
});

it('a server that no longer answers fails uploads and downloads after a while', async () => {
  await using proxy = await TcpProxy.start(Number(new URL(await sharedSwift()).port));
  await using opened = await openBucket({
    endpoint: `http://127.0.0.1:${proxy.port}`,
    bucket: await createBucket(await sharedSwift()),
    idleTimeoutMs: 500,
  });
  await put(opened.store, Buffer.alloc(20_000_000), 'a');
  const stream = await opened.store.get('a', null, signal);
  const body = new PassThrough();
  const stored = put(opened.store, body, 'b', 10);
  body.write(Buffer.alloc(5));
  // The connection is open.
  await expect.poll(() => body.readableLength, { interval: 5 }).toBe(0);
  proxy.freezeLinks();
  body.end(Buffer.alloc(5));
  await expect(stored).rejects.toThrow(/did not answer in time|cannot be reached/);
  await expect(stream?.toArray()).rejects.toThrow('Body Timeout Error');
});

it('a signal ends calls without a body that a server does not answer', async () => {
  await using proxy = await TcpProxy.start(Number(new URL(await sharedSwift()).port));
  await using opened = await openBucket({
    endpoint: `http://127.0.0.1:${proxy.port}`,
    bucket: await createBucket(await sharedSwift()),
  });
  await put(opened.store, Buffer.from('x'), 'a');
  proxy.freezeLinks();
  for (const call of ['head', 'delete'] as const) {
    const aborting = new AbortController();
    const ended = opened.store[call]('a', aborting.signal);
    aborting.abort(new Error('no longer wanted'));
    await expect(ended).rejects.toThrow('no longer wanted');
  }
});

it('the files outlive a crash and a restart of the server, and the client needs none', async () => {
  await using swift = await SwiftServer.start();
  await using opened = await openBucket({ endpoint: swift.endpoint });
  await put(opened.store, Buffer.from('kept'), 'a');
  await swift.kill();
  await expect(opened.store.head('a')).rejects.toThrow(BlobStoreError);
  await expect(put(opened.store, Buffer.from('x'), 'b')).rejects.toThrow('cannot be reached');
  await swift.restart();
  expect(String(await read(opened.store, null, 'a'))).toBe('kept');
  expect(await opened.store.head('b')).toBeNull();
});

interface BucketOptions {
  /** @default the shared server */
  readonly endpoint?: string;
  /** @default a new one */
  readonly bucket?: string;
  readonly prefix?: string;
  readonly secret?: string;
  readonly idleTimeoutMs?: number;
}

async function openBucket(options: BucketOptions = {}) {
  const { endpoint = await sharedSwift(), prefix = 'videos', secret, idleTimeoutMs } = options;
  const bucket = options.bucket ?? (await createBucket(endpoint));
  const opened = await openSwiftClient(endpoint, { secretAccessKey: secret, idleTimeoutMs });
  const place = `bucket ${bucket} at ${endpoint}`;
  const store = new S3BlobStore({ client: opened.client, bucket, prefix, place });
  return { ...opened, store, bucket, endpoint };
}
