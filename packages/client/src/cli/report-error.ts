import { ReelgateError, VideoJobFailedError } from '../errors.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { printable, type Terminal } from './terminal.ts';

const CHARGED = {
  NO: 'You were not charged.',
  YES: 'The upstream charged for it.',
  UNKNOWN: 'The upstream may have charged for it.',
} as const;

/** Writes why a command failed to the standard error. @returns the exit code */
export function reportError(error: unknown, terminal: Terminal): number {
  const { exitCode, code, lines } = describe(error);
  const text = lines.map(printable);
  terminal.err.write(
    terminal.json
      ? `${JSON.stringify({ error: { code, message: text.join(' ') } })}\n`
      : `${text.join('\n')}\n`,
  );
  return exitCode;
}

interface Description {
  readonly exitCode: number;
  readonly code: string;
  readonly lines: readonly string[];
}

function describe(error: unknown): Description {
  if (error instanceof CommandError)
    return { exitCode: error.exitCode, code: error.code, lines: [error.message] };
  if (error instanceof VideoJobFailedError) {
    const { failure } = error.job;
    const charged = failure === null ? [] : [CHARGED[failure.charged]];
    const hint = failure?.retryable === true ? ['Run the command again to try again.'] : [];
    return {
      exitCode: EXIT.jobFailed,
      code: error.code,
      lines: [`The job failed: ${error.message} (${error.code})`, ...charged, ...hint],
    };
  }
  if (error instanceof ReelgateError) {
    const issues = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return {
      exitCode: error.code === 'UNREACHABLE' ? EXIT.unreachable : EXIT.refused,
      code: error.code,
      // The message of the gateway repeats the issues.
      lines: [
        issues.length === 0 ? `${error.message} (${error.code})` : `The input is invalid (${error.code}):`,
        ...issues,
        ...hintsFor(error),
      ],
    };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT.internal, code: 'INTERNAL', lines: text.split('\n') };
}

function hintsFor({ code, retryAfterSeconds }: ReelgateError): string[] {
  if (code === 'UNAUTHENTICATED') return ['Set REELGATE_TOKEN to a valid token.'];
  if (code === 'UNREACHABLE') return ['Check that the gateway runs, and REELGATE_URL or --url.'];
  return retryAfterSeconds === null ? [] : [`Try again in ${retryAfterSeconds} seconds.`];
}
