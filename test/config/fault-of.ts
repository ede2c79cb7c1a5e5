import { ConfigError, parseConfig } from '../../src/config/config.ts';

/** What is wrong with an environment, every fault on a line of its own; `none` when it is right. */
export function faultOf(environment: Record<string, string>): string {
  try {
    parseConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'none';
}
