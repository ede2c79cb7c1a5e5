import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findProgram } from '../../test/support/process/programs.ts';

/** Where a process runs: the measured server has its own core, the load generators share the others. */
export type Place = 'server' | 'load';

const taskset = findProgram({ names: ['taskset'] });
const chrt = findProgram({ names: ['chrt'] });
/** Server, load generator, publisher and Redis. */
const MAX_CORES = 4;
const cores = taskset === null ? [] : allowedCores().slice(0, MAX_CORES);

/** Whether the measured server has its own core. */
export const pinned = cores.length > 1;

/** Number of cores for all other processes. */
export const otherCores = cores.length - 1;

/** Whether the cores can be kept awake. */
export const canKeepAwake = pinned && chrt !== null;

/** Spins until its parent ends. */
const SPIN = `const parent = process.ppid;
for (let turn = 1; turn % 10_000_000 > 0 || process.ppid === parent; turn += 1);`;

/**
 * Keeps the cores awake until this process ends: on each core a process of the lowest priority spins. The hypervisor gives a
 * sleeping virtual core to others, and its next microseconds cost several times as much; the sender also pays for the wake-up.
 * Does nothing without taskset and chrt.
 */
export function keepAwake(): void {
  if (taskset === null || chrt === null || !canKeepAwake) return;
  for (const core of cores) {
    const args = ['-c', String(core), chrt, '--idle', '0', process.execPath, '--eval', SPIN];
    spawn(taskset, args, { stdio: 'ignore' }).unref();
  }
}

/** The command that runs a program on its cores. */
export function placed(place: Place, program: string, args: readonly string[]): [string, string[]] {
  const [first, ...others] = cores;
  if (taskset === null || first === undefined || others.length === 0) return [program, [...args]];
  return [taskset, ['-c', place === 'server' ? String(first) : others.join(','), program, ...args]];
}

/**
 * Moves this process, and processes that it starts without a place, such as Redis, to the cores of the load. Children inherit the
 * cores of the main thread. The other threads are not moved: taskset fails when one of them ends meanwhile.
 */
export function standAside(): void {
  const [, ...others] = cores;
  if (taskset === null || others.length === 0) return;
  execFileSync(taskset, ['-cp', others.join(','), String(process.pid)], { stdio: 'ignore' });
}

/** The cores that this process may use; Linux lists them as `0-3,8`. */
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
