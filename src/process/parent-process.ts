import process from 'node:process';

/** Milliseconds between two looks at the parent process. */
const CHECK_MS = 1000;

/** Calls back once when the parent process has ended: the process then has another parent. Does not keep this one alive. */
export function onParentExit(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, CHECK_MS);
  timer.unref();
}
