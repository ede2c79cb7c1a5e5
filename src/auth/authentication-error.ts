/** Nobody can be told to be the caller: there is no token, or it is not good. The message is for the client. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
}

/** The keys that tokens are checked with could not be fetched. Trying again may help. */
export class AuthUnavailableError extends Error {
  override readonly name = 'AuthUnavailableError';
}

/** The same words for every fault but expiry: how a token is wrong helps nobody but those who forge them. */
export const INVALID_TOKEN = 'The token is not valid.';

/** A good token, too late. */
export const EXPIRED_TOKEN = 'The token has expired.';
