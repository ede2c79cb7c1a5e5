import {
  ApolloClient,
  CombinedGraphQLErrors,
  CombinedProtocolErrors,
  gql,
  HttpLink,
  InMemoryCache,
} from '@apollo/client';
import { expect, it } from 'vitest';
import { SIGN_IN, signToken, START } from '../../../auth/tokens.ts';
import { type Gateway, startGateway } from '../../../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../../../support/gateway/job-mover.ts';
import { jobId } from '../../../support/jobs.ts';
import { NOON } from '../../../support/times.ts';
import { until } from '../../../support/until.ts';

const WATCH = gql`
  subscription Watch($id: ID!) {
    videoJobUpdated(id: $id) {
      id
      version
      status
    }
  }
`;

interface Update {
  readonly videoJobUpdated: { readonly version: number; readonly status: string };
}

/** Watches a job by an Apollo Client that has only an HttpLink. `seen` has a line such as `1 QUEUED` for each event. */
class Watch implements Disposable {
  readonly seen: string[] = [];
  error: unknown = null;
  readonly #unsubscribe: () => void;

  constructor({ url }: Gateway, id: string, headers: Record<string, string> = {}) {
    const link = new HttpLink({ uri: `${url}/graphql`, headers });
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const subscription = client
      .subscribe<Update>({ query: WATCH, variables: { id }, fetchPolicy: 'no-cache' })
      .subscribe({
        next: ({ data, error }) => {
          if (data != null) this.seen.push(`${data.videoJobUpdated.version} ${data.videoJobUpdated.status}`);
          if (error !== undefined) this.#fail(error);
        },
        error: (error: unknown) => this.#fail(error),
        complete: () => this.seen.push('complete'),
      });
    this.#unsubscribe = () => subscription.unsubscribe();
  }

  #fail(error: unknown): void {
    this.seen.push('error');
    this.error = error;
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }
}

it('follows a job to its final state', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  using watch = new Watch(gateway, id);
  await until(() => watch.seen, ['1 QUEUED']);
  await gateway.clock.advance(25_000);
  for (const [index, observation] of WHOLE_LIFE.entries()) {
    await mover.move(id, observation);
    await until(() => watch.seen.length > index + 1, true);
  }
  await until(
    () => watch.seen,
    ['1 QUEUED', '2 QUEUED', '3 QUEUED', '4 PROCESSING', '5 PROCESSING', '6 COMPLETED', 'complete'],
  );
  expect(gateway.store.listenerCount).toBe(0);
});

it('gets the error of a subscription that is refused', async () => {
  await using gateway = await startGateway();
  using watch = new Watch(gateway, jobId(NOON));
  await until(() => watch.seen, ['error', 'complete']);
  const { error } = watch;
  expect(CombinedGraphQLErrors.is(error) && error.errors).toMatchObject([
    { extensions: { code: 'NOT_FOUND' } },
  ]);
});

it('gets the error that ends a subscription', async () => {
  await using gateway = await startGateway({ settings: SIGN_IN });
  const { id } = await new JobMover(gateway).accept({ ownerId: 'ada' });
  const authorization = `Bearer ${await signToken({ exp: START + 60 })}`;
  using watch = new Watch(gateway, id, { authorization });
  await until(() => watch.seen, ['1 QUEUED']);
  await gateway.clock.advance(60_000);
  await until(() => watch.seen, ['1 QUEUED', 'error', 'complete']);
  const { error } = watch;
  expect(CombinedProtocolErrors.is(error) && error.errors).toMatchObject([
    { extensions: { code: 'UNAUTHENTICATED' } },
  ]);
});

it('gets an error, not the end, when the gateway stops', async () => {
  await using gateway = await startGateway();
  const { id } = await new JobMover(gateway).accept();
  using watch = new Watch(gateway, id);
  await until(() => watch.seen, ['1 QUEUED']);
  await gateway.stop();
  await until(() => watch.seen.slice(0, 2), ['1 QUEUED', 'error']);
  expect(CombinedGraphQLErrors.is(watch.error)).toBe(false);
});

it('that unsubscribes leaves nothing behind', async () => {
  await using gateway = await startGateway();
  const { id } = await new JobMover(gateway).accept();
  const watch = new Watch(gateway, id);
  await until(() => watch.seen, ['1 QUEUED']);
  watch[Symbol.dispose]();
  await until(() => [gateway.store.listenerCount, gateway.clock.sleeping], [0, 0]);
  expect(watch.seen).toEqual(['1 QUEUED']);
});
