import process from 'node:process';

/** Milliseconds between checks of the parent process. */
const CHECK_MS = 1000;

/** Calls back once after the parent process has exited: this process then has another parent. Does not keep this process alive. */
export function onParentExit(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, CHECK_MS);
  timer.unref();
}
