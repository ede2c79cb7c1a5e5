/**
 * Signatures of Standard Webhooks 1.0 (standardwebhooks.com). Each is over `id.timestamp.body`: `v1` is HMAC-SHA256 with the secret,
 * `v1a` is Ed25519 with a key that derives from it, for receivers that must not be able to sign.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  sign,
} from 'node:crypto';

/** The keys that sign a message. Each adds a signature to the header, the first key first. */
export interface SigningKeys {
  readonly hmac: readonly KeyObject[];
  readonly ed25519: readonly KeyObject[];
}

const SECRET_PREFIX = 'whsec_';
const PUBLIC_KEY_PREFIX = 'whpk_';
/** Separates the derived key from other uses of the secret. */
const HKDF_INFO = 'reelgate webhook ed25519 1';
const SEED_BYTES = 32;
/** PKCS #8 of an Ed25519 key (RFC 8410), without the seed at its end. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The key of `v1`. @param secret `whsec_…` */
export function hmacKeyOf(secret: string): KeyObject {
  return createSecretKey(bytesOf(secret));
}

/** The private key of `v1a`. @param secret `whsec_…` */
export function ed25519KeyOf(secret: string): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', bytesOf(secret), '', HKDF_INFO, SEED_BYTES));
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

/** The public key of a private key, as `whpk_` and the base64 of its 32 bytes. */
export function publicKeyText(key: KeyObject): string {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  return PUBLIC_KEY_PREFIX + Buffer.from(x, 'base64url').toString('base64');
}

/**
 * The headers that identify and sign a message.
 *
 * @param timestampSeconds of the attempt: receivers refuse a message that is older than a few minutes
 */
export function signedHeaders(
  id: string,
  timestampSeconds: number,
  body: string,
  { hmac, ed25519 }: SigningKeys,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const content = Buffer.from(`${id}.${timestampSeconds}.${body}`);
  const signatures = [
    ...hmac.map((key) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`),
    ...ed25519.map((key) => `v1a,${sign(null, content, key).toString('base64')}`),
  ];
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signatures.join(' '),
  };
}

function bytesOf(secret: string): Buffer {
  return Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
}
