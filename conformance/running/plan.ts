import type { Case, Milestone, Need } from '../reading/case.ts';
import type { Transport } from '../transports/transport.ts';

/** One case over one transport. */
export interface CaseRun {
  readonly case: Case;
  /** The transport's name. */
  readonly over: string;
  /** Null when the case run is skipped. */
  readonly transport: Transport | null;
  /** Why it is skipped; null when it is not. */
  readonly skipped: string | null;
}

/** A transport that a run lacks. */
export interface MissingTransport extends Pick<Transport, 'name' | 'kinds' | 'via'> {
  readonly reason: string;
}

/** What decides which cases are run. */
export interface Capabilities {
  readonly transports: readonly Transport[];
  readonly missing: readonly MissingTransport[];
  /** Reasons why needs are not met; a need without a reason is met. */
  readonly unmet: Readonly<Partial<Record<Need, string>>>;
}

/** Plans each case over each transport that can carry it. */
export function plan(
  cases: readonly Case[],
  { transports, missing, unmet }: Capabilities,
): readonly CaseRun[] {
  const all = [...transports.map((transport) => ({ ...transport, reason: null, transport })), ...missing];
  return cases.flatMap((each) =>
    all
      .filter((candidate) => carries(each, candidate))
      .map((chosen) => {
        const { name, via, reason } = chosen;
        const exception = each.except[name] ?? (via === 'router' ? each.except['router'] : undefined);
        const need = each.needs.find((candidate) => unmet[candidate] !== undefined);
        const skipped = exception ?? reason ?? (need === undefined ? null : (unmet[need] ?? null));
        const transport = 'transport' in chosen && skipped === null ? chosen.transport : null;
        return { case: each, over: name, transport, skipped };
      }),
  );
}

function carries({ over }: Case, { name, kinds }: Pick<Transport, 'name' | 'kinds'>): boolean {
  if (Array.isArray(over)) return over.includes(name);
  return over === 'any' || kinds.includes(over);
}

/** The milestones that a case run waits for. */
export function milestonesOf({ case: { steps } }: CaseRun): readonly Milestone[] {
  return steps.flatMap((step) => ('await' in step ? [step.await] : []));
}
