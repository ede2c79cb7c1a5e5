/** The token is missing or not valid. The message is for the client. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
}

/** The keys to check tokens with could not be fetched. Trying again may help. */
export class AuthUnavailableError extends Error {
  override readonly name = 'AuthUnavailableError';
}

/** The message for every fault but expiry: details would only help to forge tokens. */
export const INVALID_TOKEN = 'The token is not valid.';

/** The message for a valid token after its end. */
export const EXPIRED_TOKEN = 'The token has expired.';
