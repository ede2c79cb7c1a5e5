import type { Stage } from './stage.ts';

/** Ends a fault. */
export type Heal = () => Promise<void>;

/**
 * Waits until Prometheus sees the fault in a metric of its row. It gives up in the end without an error: the report tells what was not seen.
 *
 * @param selector as the row has it
 */
export type UntilSeen = (selector: string) => Promise<void>;

/** How a fault of the table is caused. */
export interface Cause {
  /** The beginning of the fault in the table. */
  readonly fault: string;
  /** The instances that show it, a regular expression. */
  readonly on: string;
  /** The matcher for the label that the table names with "by". */
  readonly by?: string;
  /** Causes the fault. */
  readonly begin: (stage: Stage, untilSeen: UntilSeen) => Promise<Heal>;
  /** Milliseconds after which it is ended, also when it does not show. @default 20_000 */
  readonly maxMs?: number;
  /** Whether it lasts for `maxMs` even if it shows before. @default false */
  readonly isFixed?: boolean;
}
