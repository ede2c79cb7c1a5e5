/**
 * Composes subgraphs. The argument is a list of `Composition` in JSON; the output is a list with the errors of each, empty lists
 * for those that compose.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { composeServices as byApollo } from '@apollo/composition';
import { composeServices as byGuild } from '@theguild/federation-composition';
import { federateSubgraphs, LATEST_ROUTER_COMPATIBILITY_VERSION } from '@wundergraph/composition';
import { parse } from 'graphql';
import type { Composer, Composition, Subgraph } from '../supergraph/composition.ts';

interface Composed {
  readonly sdl: string | undefined;
  readonly errors: readonly string[];
}

const GRAFBASE = '@grafbase/cli-x86_64-unknown-linux-musl/grafbase';

const COMPOSERS: Readonly<Record<Composer, (subgraphs: readonly Subgraph[]) => Composed>> = {
  apollo: (subgraphs) => ofServices(byApollo(subgraphs.map(parsed))),
  guild: (subgraphs) => ofServices(byGuild(subgraphs.map(parsed))),
  wundergraph: (subgraphs) => {
    const result = federateSubgraphs({
      subgraphs: subgraphs.map(parsed).map(({ typeDefs, ...rest }) => ({ ...rest, definitions: typeDefs })),
      version: LATEST_ROUTER_COMPATIBILITY_VERSION,
    });
    // Its router takes another format than the supergraph's schema.
    return { sdl: undefined, errors: result.success ? [] : messagesOf(result.errors) };
  },
  grafbase: (subgraphs) => {
    const folder = mkdtempSync(`${tmpdir()}/reelgate-compose-`);
    const config = `${folder}/grafbase.toml`;
    try {
      const tables = subgraphs.map(
        ({ name, url, file }) =>
          `[subgraphs.${name}]\nurl = ${JSON.stringify(url)}\nschema_path = ${JSON.stringify(file)}\n`,
      );
      writeFileSync(config, tables.join('\n'));
      const binary = fileURLToPath(new URL(`node_modules/${GRAFBASE}`, import.meta.url));
      const sdl = execFileSync(binary, ['compose', '-c', config], { encoding: 'utf8', stdio: 'pipe' });
      return { sdl, errors: [] };
    } catch (error) {
      return { sdl: undefined, errors: [String(error)] };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

const compositions: readonly Composition[] = JSON.parse(process.argv[2] ?? '[]');
const results = compositions.map(({ composer, subgraphs, target }) => {
  const { sdl, errors } = COMPOSERS[composer](subgraphs);
  if (sdl !== undefined && target !== undefined) writeFileSync(target, sdl);
  return errors;
});
process.stdout.write(JSON.stringify(results));

function parsed({ name, url, file }: Subgraph) {
  return { name, url, typeDefs: parse(readFileSync(file, 'utf8')) };
}

function ofServices(result: { supergraphSdl?: string; errors?: readonly Error[] }): Composed {
  return { sdl: result.supergraphSdl, errors: messagesOf(result.errors ?? []) };
}

function messagesOf(errors: readonly Error[]): string[] {
  return errors.map(({ message }) => message);
}
