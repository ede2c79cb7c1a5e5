import { createPublicKey, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { ed25519KeyOf, hmacKeyOf, publicKeyText, signedHeaders } from '../../src/webhooks/signatures.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { webhookSecret } from './webhook-settings.ts';

const [NEW, OLD, OTHER] = [webhookSecret(1), webhookSecret(2), webhookSecret(3)];
const BODY = JSON.stringify({ type: 'video_job.completed', data: { prompt: 'naïve 🐈' } });
const ID = 'wh_0123456789_vj_1';

function headers(...secrets: string[]) {
  const keys = { hmac: secrets.map(hmacKeyOf), ed25519: secrets.map(ed25519KeyOf) };
  return signedHeaders(ID, Math.floor(Date.now() / 1000), BODY, keys);
}

/** As a receiver does it that has only the published key. */
function verifiesAsymmetrically(publicKey: string, given: ReturnType<typeof headers>, body: string): boolean {
  const x = Buffer.from(publicKey.replace('whpk_', ''), 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const content = Buffer.from(`${given['webhook-id']}.${given['webhook-timestamp']}.${body}`);
  return given['webhook-signature']
    .split(' ')
    .map((part) => part.split(',', 2))
    .some(
      ([version, text = '']) => version === 'v1a' && verify(null, content, key, Buffer.from(text, 'base64')),
    );
}

it('is accepted by the library of Standard Webhooks, with the new secret and with the old one', () => {
  const signed = headers(NEW, OLD);
  for (const secret of [NEW, OLD]) {
    expect(new Webhook(secret).verify(BODY, signed)).toEqual(JSON.parse(BODY));
    expect(() => new Webhook(secret).verify(`${BODY} `, signed)).toThrow('No matching signature');
    expect(() => new Webhook(secret).verify(BODY, { ...signed, 'webhook-id': 'wh_other' })).toThrow(
      'No matching signature',
    );
  }
  expect(() => new Webhook(OTHER).verify(BODY, signed)).toThrow('No matching signature');
});

it('names the version of each signature, the first secret first', () => {
  const both = headers(NEW, OLD)['webhook-signature'].split(' ');
  expect(both.map((part) => part.split(',')[0])).toEqual(['v1', 'v1', 'v1a', 'v1a']);
  expect(headers(NEW)['webhook-signature'].split(' ')).toEqual([both[0], both[2]]);
});

it('is accepted with the public key of either secret, and not with another', () => {
  const signed = headers(NEW, OLD);
  const publicKeys = [NEW, OLD].map((secret) => publicKeyText(ed25519KeyOf(secret)));
  for (const key of publicKeys) {
    expect(key).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    expect(verifiesAsymmetrically(key, signed, BODY)).toBe(true);
    expect(verifiesAsymmetrically(key, signed, `${BODY} `)).toBe(false);
  }
  expect(verifiesAsymmetrically(publicKeyText(ed25519KeyOf(OTHER)), signed, BODY)).toBe(false);
});

it('keeps the public key of a secret from version to version', () => {
  // Receivers store it.
  expect(publicKeyText(ed25519KeyOf(NEW))).toBe('whpk_VfiP4XeV7z5RVAEJmG0dFEe/7eTIyM0Ph1nJVgqrOZY=');
});

it('can be verified with the keys that the gateway publishes, the first secret first', async () => {
  const settings = { WEBHOOK_SECRET: `${NEW},${OLD}`, PUBLIC_URL: 'https://video.example.com' };
  await using gateway = await startGateway({ settings });
  const answer = await fetch(`${gateway.url}/.well-known/reelgate-webhook-key`);
  const keys = [NEW, OLD].map((secret) => publicKeyText(ed25519KeyOf(secret)));
  expect([answer.status, await answer.json()]).toEqual([200, { keys }]);
});
