import { JobTokens } from '../../src/auth/job-tokens.ts';

/** Job tokens that are always signed with the same secret. */
export function jobTokensOf(secret = new Uint8Array(32)): JobTokens {
  return new JobTokens({
    current: async () => ({ id: 'test', secret }),
    find: async (id) => (id === 'test' ? secret : null),
  });
}
