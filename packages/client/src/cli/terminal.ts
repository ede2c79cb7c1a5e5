/** A stream for text, as the standard output is. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Where the command writes. */
export interface Terminal {
  /** Results only, so that they can be piped. */
  readonly out: Output;
  /** Progress, notes and errors. */
  readonly err: Output;
  /** Whether results are JSON, one object a line. */
  readonly json: boolean;
  /** Whether `err` shows errors only. */
  readonly quiet: boolean;
}

/** C0 and C1 control characters, which could move the cursor or change the terminal; and the marks that reorder a line. */
const CONTROL = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu;

/** Makes text from the gateway safe to print on one line. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, ' ').trim();
}

/** Writes a line to the standard output. */
export function print(terminal: Terminal, line: string): void {
  terminal.out.write(`${line}\n`);
}

/** Writes a line to the standard error, unless the command is quiet. */
export function note(terminal: Terminal, line: string): void {
  if (!terminal.quiet) terminal.err.write(`${line}\n`);
}
