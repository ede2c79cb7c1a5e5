import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { startGateway } from '../support/gateway/gateway.ts';
import { graphql } from '../support/gateway/http.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { EXAMPLES, installExamples } from './examples-package.ts';

const INSTALL_MS = 300_000;

/** A component that can refetch its job. */
const COMPONENT = `
import { graphql } from 'relay-runtime';
export const page = graphql\`query cardPageQuery($id: ID!) { videoJob(id: $id) { ...card_job } }\`;
export const fragment = graphql\`
  fragment card_job on VideoJob @refetchable(queryName: "cardRefetchQuery") { status video { url } }
\`;
`;

/** The parts of relay-runtime that the test uses. */
interface RelayRuntime {
  readonly Environment: new (options: object) => { lookup(selector: unknown): { readonly data: unknown } };
  readonly Network: { create(send: Send): object };
  readonly RecordSource: new () => object;
  readonly Store: new (source: object) => object;
  readonly createOperationDescriptor: (query: object, variables: object) => { readonly fragment: object };
  readonly fetchQuery: (
    environment: object,
    query: object,
    variables: object,
  ) => { toPromise(): Promise<unknown> };
  readonly getSingularSelector: (fragment: object, reference: unknown) => object;
}

type Send = (request: { readonly text: string }, variables: Readonly<Record<string, unknown>>) => unknown;

/** The artifact of a fragment, for the hook `useRefetchableFragment`. */
interface RefetchableFragment {
  readonly metadata: {
    readonly refetch: {
      readonly operation: object;
      readonly fragmentPathInResult: readonly string[];
      readonly identifierInfo: {
        readonly identifierField: string;
        readonly identifierQueryVariableName: string;
      };
    };
  };
}

beforeAll(installExamples, INSTALL_MS);

test('Relay compiles a @refetchable fragment on VideoJob, and its query updates the job', async () => {
  using folder = tempFolder();
  await compile(folder.path);
  const load = createRequire(`${folder.path}/`);
  const page: object = load('./artifacts/cardPageQuery.graphql.js');
  const fragment: RefetchableFragment = load('./artifacts/card_job.graphql.js');
  const relay: RelayRuntime = createRequire(resolve(EXAMPLES, 'package.json'))('relay-runtime');

  await using gateway = await startGateway();
  const environment = new relay.Environment({
    network: relay.Network.create(({ text }, variables) => graphql(gateway.url, text, variables)),
    store: new relay.Store(new relay.RecordSource()),
  });
  const jobs = new JobMover(gateway);
  const { id } = await jobs.accept();
  await relay.fetchQuery(environment, page, { id }).toPromise();
  const card = () => {
    const root = environment.lookup(relay.createOperationDescriptor(page, { id }).fragment).data;
    const reference: unknown = Reflect.get(Object(root), 'videoJob');
    return environment.lookup(relay.getSingularSelector(fragment, reference)).data;
  };
  expect(card()).toMatchObject({ status: 'QUEUED', video: null });

  await jobs.move(id, ...WHOLE_LIFE);
  const { operation, fragmentPathInResult, identifierInfo } = fragment.metadata.refetch;
  expect({ fragmentPathInResult, identifierInfo }).toEqual({
    fragmentPathInResult: ['node'],
    identifierInfo: { identifierField: 'id', identifierQueryVariableName: 'id' },
  });
  await relay.fetchQuery(environment, operation, { id }).toPromise();
  expect(card()).toMatchObject({ status: 'COMPLETED', video: { url: expect.stringContaining('http') } });
});

/** Writes the artifacts of COMPONENT, as CommonJS modules. */
async function compile(folder: string): Promise<void> {
  mkdirSync(`${folder}/artifacts`);
  copyFileSync('schema/schema.graphql', `${folder}/schema.graphql`);
  writeFileSync(`${folder}/card.js`, COMPONENT);
  const config = {
    src: '.',
    schema: './schema.graphql',
    artifactDirectory: './artifacts',
    language: 'javascript',
    eagerEsModules: false,
  };
  writeFileSync(`${folder}/relay.config.json`, JSON.stringify(config));
  await promisify(execFile)(resolve(EXAMPLES, 'node_modules/.bin/relay-compiler'), [], { cwd: folder });
}
