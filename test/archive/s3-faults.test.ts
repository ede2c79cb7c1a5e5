import { describe, expect, it } from 'vitest';
import { s3Fault } from '../../src/archive/blobs/s3/s3-faults.ts';

const PLACE = 'bucket my-bucket of Amazon S3';

/** Answers that the server of the tests does not give. */
describe('an error of a service', () => {
  it.each([
    ['InvalidAccessKeyId', 403, 'refuses the access key or its secret (403 InvalidAccessKeyId)'],
    [
      'AccessDenied',
      403,
      'refuses access (403 AccessDenied): check the credentials, and allow them s3:PutObject',
    ],
    ['UnknownError', 403, 'refuses access (403): check'],
    ['ExpiredToken', 400, 'have expired (400 ExpiredToken): renew AWS_SESSION_TOKEN'],
    ['PermanentRedirect', 301, 'is in another region (301 PermanentRedirect): set AWS_REGION to the region'],
    ['301', 301, 'is in another region'],
    ['AuthorizationHeaderMalformed', 400, 'is in another region (400 AuthorizationHeaderMalformed)'],
    ['QuotaExceeded', 403, 'is full (403 QuotaExceeded): make room or raise its quota'],
    ['XMinioStorageFull', 507, 'is full (507 XMinioStorageFull)'],
    ['UnknownError', 507, 'is full (507)'],
    ['SlowDown', 503, 'is overloaded or under maintenance (503 SlowDown)'],
    ['InternalError', 500, 'failed (500 InternalError): why'],
  ])('%s %i says: %s', (name, httpStatusCode, message) => {
    const error = Object.assign(new Error('why'), { name, $metadata: { httpStatusCode } });
    expect(s3Fault(error, PLACE).message).toContain(message);
    expect(s3Fault(error, PLACE).message).toContain(PLACE);
  });

  it.each([
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'its certificate is not trusted: for your own certificate authority set NODE_EXTRA_CA_CERTS (why)',
    ],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is not trusted'],
    ['ENOTFOUND', 'check AWS_ENDPOINT_URL_S3 and AWS_REGION, the network, and the proxy settings (why)'],
  ])('of the network with the code %s says: %s', (code, message) => {
    const error = Object.assign(new Error('why'), { code });
    expect(s3Fault(error, PLACE).message).toContain(`cannot be reached: ${message}`);
  });

  it('names the first of several addresses that were tried', () => {
    const error = new AggregateError([new Error('connect ECONNREFUSED ::1:9000'), new Error('other')]);
    expect(s3Fault(error, PLACE).message).toContain('connect ECONNREFUSED ::1:9000');
  });
});
