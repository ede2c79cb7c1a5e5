/** What the command's exit code says. The package's README lists them. */
export const EXIT = {
  done: 0,
  /** The job ended as FAILED. */
  jobFailed: 1,
  /** Wrong arguments, or a file that cannot be read or written. Nothing was sent. */
  usage: 2,
  /** The gateway refused the request. */
  refused: 3,
  /** The gateway did not answer. */
  unreachable: 4,
  /** The video is ready, but could not be saved. */
  notSaved: 5,
  /** A fault of this program. */
  internal: 70,
  interrupted: 130,
  terminated: 143,
} as const;

/** Ends the command with an exit code and a message for the user. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  readonly code: string;

  constructor(exitCode: number, code: string, message: string) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }
}

/** Wrong arguments. */
export function usageError(message: string): CommandError {
  return new CommandError(EXIT.usage, 'USAGE', message);
}
