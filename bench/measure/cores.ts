import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findProgram } from '../../test/support/process/programs.ts';

/** Where a process runs: what is measured has a core of its own, what asks it has the others. */
export type Place = 'server' | 'load';

const taskset = findProgram({ names: ['taskset'] });
const chrt = findProgram({ names: ['chrt'] });
/** More are of no use: beside what is measured there are its load, its publisher and Redis. */
const MOST_CORES = 4;
const cores = taskset === null ? [] : allowedCores().slice(0, MOST_CORES);

/** Whether what is measured has a core of its own. */
export const pinned = cores.length > 1;

/** How many cores all else shares then. */
export const otherCores = cores.length - 1;

/** Whether these cores can be kept from sleeping. */
export const canKeepAwake = pinned && chrt !== null;

/** Does nothing for as long as its parent is there. */
const SPIN = `const parent = process.ppid;
for (let turn = 1; turn % 10_000_000 > 0 || process.ppid === parent; turn += 1);`;

/**
 * Keeps the cores from sleeping until this process ends, as they do not sleep under load: on each a process spins that
 * gives way to any other at once. A virtual core that sleeps is given to others, and its next microseconds cost several
 * times as much; and who sends something to a process that sleeps there pays for having it woken. Does nothing where it
 * can't.
 */
export function keepAwake(): void {
  if (taskset === null || chrt === null || !canKeepAwake) return;
  for (const core of cores) {
    const args = ['-c', String(core), chrt, '--idle', '0', process.execPath, '--eval', SPIN];
    spawn(taskset, args, { stdio: 'ignore' }).unref();
  }
}

/** The command that runs a program in its place. */
export function placed(place: Place, program: string, args: readonly string[]): [string, string[]] {
  const [first, ...others] = cores;
  if (taskset === null || first === undefined || others.length === 0) return [program, [...args]];
  return [taskset, ['-c', place === 'server' ? String(first) : others.join(','), program, ...args]];
}

/**
 * Puts this process and what it will start without a place of its own, such as Redis, where the load is. What it starts
 * inherits the place of its main thread; the other threads come and go, and one that goes meanwhile would be an error.
 */
export function standAside(): void {
  const [, ...others] = cores;
  if (taskset === null || others.length === 0) return;
  execFileSync(taskset, ['-cp', others.join(','), String(process.pid)], { stdio: 'ignore' });
}

/** The cores that this process may use, as Linux tells them: `0-3,8`. */
function allowedCores(): number[] {
  try {
    const [, list = ''] =
      /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return list.split(',').flatMap((range) => {
      const [from = 0, to = from] = range.split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
  } catch {
    return [];
  }
}
