import type { Reelgate } from '../reelgate.ts';
import type { Terminal } from './terminal.ts';

/** What a command works with. */
export interface Context {
  readonly client: Reelgate;
  readonly terminal: Terminal;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
}
