import { ANONYMOUS, type Caller } from '../domain/caller.ts';
import type { ApiKeys } from './api-keys.ts';
import { AuthenticationError, AuthUnavailableError, INVALID_TOKEN } from './authentication-error.ts';
import { JobTokens } from './job-tokens.ts';
import { RememberedCallers } from './remembered-callers.ts';
import type { UserTokens } from './user-tokens.ts';

/** Options of the authenticator. With neither user tokens nor API keys every caller is the owner `anonymous`. */
export interface AuthenticatorOptions {
  readonly userTokens: UserTokens | null;
  readonly apiKeys: ApiKeys | null;
  readonly jobTokens: JobTokens;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Called with the reason when tokens cannot be checked, at most once in ten seconds. */
  readonly onUnavailable: (error: AuthUnavailableError) => void;
}

/** A token is at most as long as a header may be. */
const MAX_TOKEN_LENGTH = 8192;
const WARNING_PAUSE_MS = 10_000;

/** Finds the caller that a token names, by the same rules on every transport. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #remembered = new RememberedCallers();
  #toldAt = -Infinity;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** Whether callers need a token. */
  get required(): boolean {
    return this.#options.userTokens !== null || this.#options.apiKeys !== null;
  }

  /**
   * @param token null when none was sent
   * @throws AuthenticationError when the token is missing or not valid; AuthUnavailableError when it cannot be checked
   */
  async authenticate(token: string | null): Promise<Caller> {
    const { userTokens, apiKeys, jobTokens, now } = this.#options;
    // A job token restricts its bearer also when sign-in is off.
    if (token !== null && JobTokens.isOne(token)) {
      const at = now();
      return this.#remembered.of(token, at, async () =>
        this.#withdrawable(token, await jobTokens.verify(token, at)),
      );
    }
    if (!this.required) return ANONYMOUS;
    if (token === null)
      throw new AuthenticationError('A token is needed: send authorization: Bearer <token>.');
    if (token.length > MAX_TOKEN_LENGTH) throw new AuthenticationError(INVALID_TOKEN);
    const known = apiKeys?.find(token);
    if (known != null) return known;
    if (userTokens === null) throw new AuthenticationError(INVALID_TOKEN);
    try {
      return await this.#remembered.of(token, now(), async () => {
        const caller = await userTokens.verify(token);
        return userTokens.hasRemoteKeys ? this.#withdrawable(token, caller) : caller;
      });
    } catch (error) {
      if (error instanceof AuthUnavailableError) this.#tell(error);
      throw error;
    }
  }

  #withdrawable(token: string, caller: Caller): Caller {
    const isStillGood = async () => {
      try {
        await this.authenticate(token);
        return true;
      } catch (error) {
        return !(error instanceof AuthenticationError);
      }
    };
    return { ...caller, isStillGood };
  }

  #tell(error: AuthUnavailableError): void {
    const { now, onUnavailable } = this.#options;
    if (now() < this.#toldAt + WARNING_PAUSE_MS) return;
    this.#toldAt = now();
    onUnavailable(error);
  }
}
