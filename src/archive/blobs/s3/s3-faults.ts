import { BlobStoreError } from '../../blob-store.ts';

/** The parts of an error that say what is wrong: of the service, of the network or of the search for credentials. */
interface Fault {
  /** The service's code, such as `NoSuchBucket`; else the name of the error's class. */
  readonly name: string;
  /** Null: the service did not answer. */
  readonly status: number | null;
  /** Of the system, of TLS or of undici; empty: none. */
  readonly code: string;
  readonly message: string;
}

/**
 * Explains an error of the S3 client.
 *
 * @param place the bucket and its service, for messages
 */
export function s3Fault(error: unknown, place: string): BlobStoreError {
  const fault = faultOf(error);
  const explain = BY_NAME.get(fault.name) ?? BY_STATUS.get(fault.status ?? 0) ?? otherwise;
  return new BlobStoreError(explain(place, fault), { cause: error });
}

/** Whether the service says that there is no such file. */
export function isMissingFile(error: unknown): boolean {
  const { name, status } = faultOf(error);
  return status === 404 && name !== 'NoSuchBucket';
}

type Explain = (place: string, fault: Fault) => string;

const wrongKey: Explain = (place, fault) =>
  `The ${place} refuses the access key or its secret (${codeOf(fault)}): correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile or role that they come from.`;
const expired: Explain = (place, fault) =>
  `The credentials for the ${place} have expired (${codeOf(fault)}): renew AWS_SESSION_TOKEN, or the profile or role that it comes from.`;
const denied: Explain = (place, fault) =>
  `The ${place} refuses access (${codeOf(fault)}): check the credentials, and allow them s3:PutObject, s3:GetObject and s3:DeleteObject for its objects and s3:ListBucket for the bucket.`;
const noBucket: Explain = (place, fault) =>
  `The ${place} does not exist (${codeOf(fault)}): create it, or correct ARCHIVE or AWS_ENDPOINT_URL_S3.`;
const wrongRegion: Explain = (place, fault) =>
  `The ${place} is in another region (${codeOf(fault)}): set AWS_REGION to the region of the bucket. ${fault.message}`;
const skewed: Explain = (place, fault) =>
  `The clocks of this machine and of the ${place} differ by more than 15 minutes (${codeOf(fault)}): correct the clock of this machine, e.g. by NTP.`;
const full: Explain = (place, fault) =>
  `The ${place} is full (${codeOf(fault)}): make room or raise its quota; videos are stored again as soon as there is room.`;
const busy: Explain = (place, fault) =>
  `The ${place} is overloaded or under maintenance (${codeOf(fault)}); the gateway tries again later.`;
const noCredentials: Explain = (place, { message }) =>
  `There are no credentials for the ${place}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or give the machine a role. ${message}`;
const timedOut: Explain = (place) =>
  `The ${place} did not answer in time: check the network and the service.`;

const otherwise: Explain = (place, fault) => {
  if (fault.status !== null) return `The ${place} failed (${codeOf(fault)}): ${fault.message}`;
  const remedy = /CERT|SIGNATURE|ALTNAME/.test(fault.code)
    ? 'its certificate is not trusted: for your own certificate authority set NODE_EXTRA_CA_CERTS'
    : 'check AWS_ENDPOINT_URL_S3 and AWS_REGION, the network, and the proxy settings';
  return `The ${place} cannot be reached: ${remedy} (${fault.message || fault.code}).`;
};

/** Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const BY_NAME: ReadonlyMap<string, Explain> = new Map([
  ['CredentialsProviderError', noCredentials],
  ['TokenProviderError', noCredentials],
  ['InvalidAccessKeyId', wrongKey],
  ['SignatureDoesNotMatch', wrongKey],
  ['ExpiredToken', expired],
  ['ExpiredTokenException', expired],
  ['InvalidToken', expired],
  ['TokenRefreshRequired', expired],
  ['NoSuchBucket', noBucket],
  ['PermanentRedirect', wrongRegion],
  ['AuthorizationHeaderMalformed', wrongRegion],
  ['RequestTimeTooSkewed', skewed],
  ['QuotaExceeded', full],
  // MinIO's.
  ['XMinioStorageFull', full],
  ['XMinioAdminBucketQuotaExceeded', full],
  ['SlowDown', busy],
  ['ServiceUnavailable', busy],
  ['TimeoutError', timedOut],
]);

/** For answers without a code: a HEAD has no body. */
const BY_STATUS: ReadonlyMap<number, Explain> = new Map([
  [301, wrongRegion],
  [401, wrongKey],
  [403, denied],
  [503, busy],
  [507, full],
]);

function codeOf({ status, name }: Fault): string {
  if (status === null) return name;
  // The client's names for an answer without a code.
  return /^(?:Unknown|NotFound)/.test(name) ? String(status) : `${status} ${name}`;
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { name: '', status: null, code: '', message: String(error) };
  const metadata: unknown = '$metadata' in error ? error.$metadata : null;
  const status =
    metadata instanceof Object && 'httpStatusCode' in metadata ? Number(metadata.httpStatusCode) : null;
  const code = 'code' in error ? String(error.code) : '';
  // An AggregateError of several addresses has no message.
  const message =
    error.message === '' && error instanceof AggregateError ? String(error.errors[0]) : error.message;
  return { name: error.name, status, code, message };
}
