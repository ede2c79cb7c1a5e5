import type { CallBudgetStatus } from '../../domain/polling/call-budget-rules.ts';
import type { Builder } from '../builder.ts';

/** Adds `GatewayCallBudget`. */
export function defineCallBudget(builder: Builder) {
  return builder.objectRef<CallBudgetStatus>('GatewayCallBudget').implement({
    description: 'The budget of upstream calls, shared by all instances.',
    fields: (t) => ({
      callsPerMinute: t.exposeInt('callsPerMinute', {
        nullable: true,
        description: 'The setting `SEGMIND_RPM`; null: there is no limit.',
      }),
      remainingCalls: t.int({
        nullable: true,
        description: 'Calls that could be made at once; null: there is no limit.',
        resolve: ({ remaining }) => remaining,
      }),
      share: t.exposeFloat('share', {
        description:
          'The share of the limit at which calls are made, from above 0 to 1. A 429 halves it; it is 1 again within ten minutes.',
      }),
      pausedUntil: t.expose('pausedUntil', {
        type: 'DateTime',
        nullable: true,
        description: 'No call is made before, because the upstream answered 429; null: calls are made.',
      }),
      isCircuitOpen: t.boolean({
        description:
          'Whether the upstream does not answer, so that all calls but one every few seconds are stopped.',
        resolve: ({ nextProbeAt }) => nextProbeAt !== null,
      }),
      nextProbeAt: t.expose('nextProbeAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When a call probes whether the upstream is back; null: the circuit is closed.',
      }),
      failuresInARow: t.int({
        description: 'Calls in a row without an answer of the upstream. Ten open the circuit.',
        resolve: ({ failures }) => failures,
      }),
    }),
  });
}
