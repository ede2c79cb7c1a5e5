import { expect, it } from 'vitest';
import { sharedIssuerWarning } from '../../src/auth/open-authenticator.ts';

it.each([
  'https://www.googleapis.com/oauth2/v3/certs',
  'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
  'https://login.microsoftonline.com/common/discovery/v2.0/keys',
  'https://login.microsoftonline.com/organizations/discovery/v2.0/keys',
  'https://appleid.apple.com/auth/keys',
  'https://token.actions.githubusercontent.com/.well-known/jwks',
])('%s is shared', (url) => {
  expect(sharedIssuerWarning(url, null, null)).toContain('Set AUTH_ISSUER and AUTH_AUDIENCE');
  expect(sharedIssuerWarning(url, 'a', null)).toContain('AUTH_AUDIENCE is not set');
  expect(sharedIssuerWarning(url, null, 'a')).toContain('AUTH_ISSUER is not set');
  expect(sharedIssuerWarning(url, 'a', 'b')).toBe(null);
});

it.each([
  'https://id.example.com/jwks',
  'https://notgoogleapis.com/jwks',
  'http://127.0.0.1:1/googleapis.com',
])('%s is not known to be shared', (url) => {
  expect(sharedIssuerWarning(url, null, null)).toBe(null);
});
