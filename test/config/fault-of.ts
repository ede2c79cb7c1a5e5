import { ConfigError, parseConfig } from '../../src/config/config.ts';

const HEADING = 'The configuration is wrong:\n';

/** The error of an environment, one setting a line, without the heading; `none` when the settings are valid. */
export function faultOf(environment: Record<string, string>): string {
  try {
    parseConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError) || !error.message.startsWith(HEADING)) throw error;
    return error.message.slice(HEADING.length).replaceAll(/^ {2}/gm, '');
  }
  return 'none';
}
