import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { installPackage } from '../../support/process/install-package.ts';

/** A separate package, so that the gateway does not depend on the libraries of routers. */
export const FEDERATION = 'test/e2e/federation';

const run = promisify(execFile);

/** The composition libraries of Apollo, The Guild, WunderGraph and Grafbase. */
export type Composer = 'apollo' | 'guild' | 'wundergraph' | 'grafbase';

/** A subgraph to compose. */
export interface Subgraph {
  readonly name: string;
  readonly url: string;
  /** Path of its schema. */
  readonly file: string;
}

/** A supergraph to compose. */
export interface Composition {
  readonly composer: Composer;
  readonly subgraphs: readonly Subgraph[];
  /** The file to write; WunderGraph's library writes none. */
  readonly target?: string;
}

/** Installs the package of routers and composition libraries unless it is installed. */
export function installFederation(): Promise<void> {
  return installPackage(FEDERATION);
}

/** Composes supergraphs in one process. @returns the errors of each; an empty list when it composes */
export async function composeAll(compositions: readonly Composition[]): Promise<string[][]> {
  const given = compositions.map((composition) => ({
    ...composition,
    subgraphs: composition.subgraphs.map((subgraph) => ({ ...subgraph, file: resolve(subgraph.file) })),
  }));
  const { stdout } = await run(process.execPath, [`${FEDERATION}/compose.ts`, JSON.stringify(given)]);
  const errors: string[][] = JSON.parse(stdout);
  return errors;
}
