import type { Outcome } from './running/run.ts';

/** Width of the ids of cases. */
const WIDTH = 30;

/** The lines of one case: one for the transports over which it passed, and one for each reason why it failed or was skipped. */
export function linesOf(outcomes: readonly Outcome[]): readonly string[] {
  const lines = outcomes.map(({ state, reason, caseRun }) => ({
    state,
    reason,
    ...caseRun.case,
    over: caseRun.over,
  }));
  const groups = Map.groupBy(lines, ({ state, reason }) => `${state} ${reason}`);
  return [...groups.values()].flatMap((group) => {
    const [line] = group;
    if (line === undefined) return [];
    const { state, reason, id, title } = line;
    const transports = group.map(({ over }) => over).join(', ');
    const start = `${LABELS[state]} ${id.padEnd(WIDTH)}`;
    return state === 'passed' ? [`${start} ${title} (${transports})`] : [`${start} ${transports}: ${reason}`];
  });
}

const LABELS: Readonly<Record<Outcome['state'], string>> = {
  passed: 'ok  ',
  failed: 'FAIL',
  skipped: 'skip',
};

/** The last line. */
export function summaryOf(outcomes: readonly Outcome[]): string {
  const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
  return `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
}
