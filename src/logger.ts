import process from 'node:process';
import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { redact } from './domain/redact.ts';
import { openLogOutput } from './log-output.ts';

/** Milliseconds that the last lines get when the process ends. */
const FLUSH_MS = 500;

/** The log of a process. */
export interface ProcessLog {
  readonly log: Logger;
  /** To be awaited before the process exits: lines may wait for the reader of a pipe. */
  readonly flush: () => Promise<void>;
}

/** No secret comes into either. JSON lines for machines; on a terminal, lines for people. */
export function createLogger(level: string): ProcessLog {
  const output = openLogOutput(process.stdout.fd, process.stdout, (lines) =>
    log.warn({ lines }, 'lines of the log were lost: they could not be written, or were not read in time'),
  );
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
      // Whatever a library puts into its errors: commands with their arguments, headers, URLs.
      hooks: { streamWrite: redact },
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => output.write(process.stdout.isTTY ? pretty(line) : line) },
  );
  return { log, flush: () => output.flush(FLUSH_MS) };
}
