import type { Config } from '../config/config.ts';
import type { Clock } from '../domain/clock.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import { ApiKeys } from './api-keys.ts';
import { Authenticator } from './authenticator.ts';
import type { JobTokens } from './job-tokens.ts';
import { createKeyFetcher } from './remote-keys.ts';
import { UserTokens } from './user-tokens.ts';

/** Describes how callers sign in, for the log. */
export function describeSignIn({ auth, host }: Config): string {
  if (auth === null) return `sign-in is off: every client that reaches ${host} is the owner anonymous`;
  const methods = [
    auth.jwksUrl !== null && `JWTs that are signed by the keys at ${new URL(auth.jwksUrl).host}`,
    auth.jwtSecret !== null && 'JWTs that are signed with AUTH_JWT_SECRET',
    auth.apiKeysFile !== null && `the API keys in ${auth.apiKeysFile}`,
  ];
  return `callers sign in with ${methods.filter((method) => method !== false).join(' or ')}`;
}

/**
 * Creates the authenticator of the settings. A JWK set is fetched in the background: an unreachable issuer causes only a warning,
 * because callers with API keys and job tokens need no JWK set.
 *
 * @param clock the machine's clock, which decides when tokens expire
 * @throws SettingsFileError
 */
export function openAuthenticator(
  config: Config,
  jobTokens: JobTokens,
  clock: Clock,
  events: EventEmitter,
): Authenticator {
  const now = () => clock.now();
  const apiKeysFile = config.auth?.apiKeysFile ?? null;
  return new Authenticator({
    userTokens: openUserTokens(config, now, events),
    apiKeys: apiKeysFile === null ? null : ApiKeys.read(apiKeysFile),
    jobTokens,
    now,
    events,
  });
}

function openUserTokens({ auth, proxy }: Config, now: () => number, events: EventEmitter): UserTokens | null {
  if (auth === null) return null;
  const { jwtSecret, jwksUrl, issuer, audience } = auth;
  if (jwksUrl === null) {
    if (jwtSecret === null) return null;
    return new UserTokens({ ...auth, key: { secret: jwtSecret }, now, events });
  }
  const warning = sharedIssuerWarning(jwksUrl, issuer, audience);
  if (warning !== null) emitFault(events, 'auth', 'warn', warning);
  const userTokens = new UserTokens({
    ...auth,
    key: { fetchKeys: createKeyFetcher(jwksUrl, proxy), url: jwksUrl },
    now,
    events,
  });
  void userTokens.fetchKeys();
  return userTokens;
}

/**
 * Hosts of JWK sets whose keys sign tokens for the apps of many customers: a valid signature does not prove for which app a token was
 * issued.
 */
const SHARED_HOSTS = [
  'accounts.google.com',
  // Google, Firebase and Google's service accounts.
  'googleapis.com',
  // Entra ID: its tenants share their keys.
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
  'login.microsoft.com',
  'login.windows.net',
  'sts.windows.net',
  'appleid.apple.com',
  'facebook.com',
  'linkedin.com',
  'slack.com',
  'id.twitch.tv',
  'api.login.yahoo.com',
  'api.line.me',
  // Workflows of any repository.
  'token.actions.githubusercontent.com',
  'gitlab.com',
];

/**
 * A warning about a JWK set that many apps share.
 *
 * @param issuer null: any `iss` is accepted
 * @param audience null: any `aud` is accepted
 * @returns null when the set is not known to be shared, or both are set
 */
export function sharedIssuerWarning(
  jwksUrl: string,
  issuer: string | null,
  audience: string | null,
): string | null {
  const { hostname } = new URL(jwksUrl);
  if (!SHARED_HOSTS.some((host) => hostname === host || hostname.endsWith(`.${host}`))) return null;
  const missing = [issuer === null && 'AUTH_ISSUER', audience === null && 'AUTH_AUDIENCE'].filter(
    (name) => name !== false,
  );
  if (missing.length === 0) return null;
  return `AUTH_JWKS_URL is at ${hostname}, whose keys sign tokens for the apps of many customers, and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set: tokens that were issued for other apps are accepted. Set ${missing.join(' and ')} to the values in your own tokens.`;
}
