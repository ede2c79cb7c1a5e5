/**
 * Preloaded into a process (`--import`), it lets a test set that process's wall clock: the file named by
 * `TEST_CLOCK_FILE` holds the milliseconds by which it is off, and is read at the start and at each SIGUSR2.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';

const file = process.env['TEST_CLOCK_FILE'] ?? '';
const realNow = Date.now.bind(Date);
let offMs = 0;

function read(): void {
  offMs = Number(readFileSync(file, 'utf8'));
}

read();
process.on('SIGUSR2', read);
Date.now = () => realNow() + offMs;
