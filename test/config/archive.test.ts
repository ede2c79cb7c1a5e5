import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { faultOf } from './fault-of.ts';

const REDIS_URL = 'redis://127.0.0.1:6379';

describe('the archive', () => {
  it.each([
    [{}, { type: 'folder', path: 'data/archive' }],
    [{ DATA_DIR: '/srv/a' }, { type: 'folder', path: '/srv/a/archive' }],
    [{ REDIS_URL }, { type: 'off', chosen: false }],
    [{ ARCHIVE: 'off' }, { type: 'off', chosen: true }],
    [
      { ARCHIVE: 'folder', REDIS_URL },
      { type: 'folder', path: 'data/archive' },
    ],
    [{ ARCHIVE: 's3://my-bucket' }, { type: 's3', bucket: 'my-bucket', prefix: '', endpoint: null }],
    [{ ARCHIVE: 's3://my.bucket/' }, { type: 's3', bucket: 'my.bucket', prefix: '', endpoint: null }],
    [{ ARCHIVE: 's3://b2b/a/B_c-1.d/' }, { type: 's3', bucket: 'b2b', prefix: 'a/B_c-1.d', endpoint: null }],
  ])('with %j is %j', (environment, archive) => {
    expect(parseConfig(environment).archive).toEqual(archive);
  });

  it('has the endpoint of Amazon’s variables, of which the one for S3 comes first', () => {
    const AWS_ENDPOINT_URL = 'http://minio:9000';
    const AWS_ENDPOINT_URL_S3 = 'https://s3.example.com';
    const ARCHIVE = 's3://my-bucket';
    expect(parseConfig({ ARCHIVE, AWS_ENDPOINT_URL }).archive).toMatchObject({ endpoint: AWS_ENDPOINT_URL });
    expect(parseConfig({ ARCHIVE, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 }).archive).toMatchObject({
      endpoint: AWS_ENDPOINT_URL_S3,
    });
  });

  it.each(['minio:9000', 'ftp://minio', 'https://key:secret@minio', 'https://minio/?a=b'])(
    'refuses the endpoint %s, unless it is not used',
    (AWS_ENDPOINT_URL_S3) => {
      expect(faultOf({ ARCHIVE: 's3://my-bucket', AWS_ENDPOINT_URL_S3 })).toBe(
        'AWS_ENDPOINT_URL_S3: must be an http or https URL without credentials, query and fragment, such as https://minio.example.com:9000',
      );
      expect(faultOf({ AWS_ENDPOINT_URL_S3 })).toBe('none');
    },
  );

  it('is no reason to check other variables of Amazon’s tools', () => {
    expect(faultOf({ AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL_SQS: 'x', AWS_PROFILE: 'a' })).toBe('none');
  });
});
