import process from 'node:process';
import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { redact, secretRedactor } from '../domain/redact.ts';
import { openLogOutput } from './log-output.ts';

/** Milliseconds to write the last lines when the process ends. */
const FLUSH_MS = 500;

/** The log of a process. */
export interface ProcessLog {
  readonly log: Logger;
  /** Await it before the process exits: lines may wait for the reader of a pipe. */
  readonly flush: () => Promise<void>;
}

/**
 * Creates the log: JSON lines, or readable lines on a terminal. Secrets are redacted.
 *
 * @param secrets of the configuration; they are redacted wherever they occur
 * @param onLost called with the number of lost lines, once lines can be written again
 */
export function createLogger(
  level: string,
  secrets: readonly string[],
  onLost: (lines: number) => void = () => {},
): ProcessLog {
  const redactKnown = secretRedactor(secrets);
  const output = openLogOutput(process.stdout.fd, process.stdout, (lines) => {
    log.warn({ lines }, 'lines of the log were lost: they could not be written, or were not read in time');
    onLost(lines);
  });
  const pretty = prettyFactory({
    colorize: true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Libraries put commands with arguments, headers and URLs into their errors.
      hooks: { streamWrite: (line) => redact(redactKnown(line)) },
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => output.write(process.stdout.isTTY ? pretty(line) : line) },
  );
  return { log, flush: () => output.flush(FLUSH_MS) };
}
