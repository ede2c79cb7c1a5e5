let waiting: (() => void)[] = [];

/**
 * Runs tasks in a row at the end of the turn of the event loop, as Reelgate writes its answers: clients that sleep are woken
 * for many answers, and the messages of one turn to one socket are one TCP write.
 */
export function atEndOfTurn(task: () => void): void {
  if (waiting.length === 0) setImmediate(runAll);
  waiting.push(task);
}

function runAll(): void {
  const tasks = waiting;
  waiting = [];
  for (const task of tasks) task();
}
