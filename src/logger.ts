import { type DestinationStream, type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { redact } from './domain/redact.ts';

/** No secret comes into either. JSON lines for machines; on a terminal, lines for people. */
export function createLogger(level: string): Logger {
  const stream: DestinationStream = process.stdout.isTTY
    ? PinoPretty({
        sync: true,
        colorize: true,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss.l',
        singleLine: true,
      })
    : pino.destination({ fd: 1, sync: true });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Whatever a library puts into its errors: commands with their arguments, headers, URLs.
      hooks: { streamWrite: redact },
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}
