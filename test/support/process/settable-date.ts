/**
 * Preloaded into a process (`--import`), it lets a test set the wall clock of that process. The file `TEST_CLOCK_FILE` holds the
 * milliseconds by which the clock is wrong; it is read at the start and on each SIGUSR2.
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
