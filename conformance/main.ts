/**
 * Runs the conformance cases against a deployed gateway. Usage: npm run conformance -- URL [options], see docs/conformance.md.
 *
 * Exits with 0 when no case failed, 1 when one failed or the gateway cannot be tested, and 2 on wrong usage.
 */
import { runCommand } from './command.ts';

process.exitCode = await runCommand({
  args: process.argv.slice(2),
  token: process.env['REELGATE_TOKEN'] || null,
  write: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
});
