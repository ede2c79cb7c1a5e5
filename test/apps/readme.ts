import { readFileSync } from 'node:fs';
import { CLIENT } from '../package/packed-client.ts';

/** A section of the package's README that makes an app. */
export interface Recipe {
  /** The steps: commands, one a line. */
  readonly commands: readonly string[];
  /** The lines of the app. */
  readonly code: string;
}

/** The gateway of the README. */
const GATEWAY = 'http://127.0.0.1:4000';

/** Reads the commands and the code below a heading, with the URL of another gateway. */
export function readRecipe(heading: string, gateway: string): Recipe {
  const section = readFileSync(`${CLIENT}/README.md`, 'utf8')
    .split(/^## /m)
    .find((text) => text.startsWith(`${heading}\n`));
  const commands = /^```sh\n([^]*?)^```$/m.exec(section ?? '')?.[1];
  const code = /^```tsx?\n([^]*?)^```$/m.exec(section ?? '')?.[1];
  if (commands === undefined || code === undefined)
    throw new Error(`The README has no commands and code below "${heading}".`);
  return { commands: commands.trim().split('\n'), code: code.replaceAll(GATEWAY, gateway) };
}

/** The lines of code, without empty ones. */
export function countLines(code: string): number {
  return code.split('\n').filter((line) => line.trim() !== '').length;
}
