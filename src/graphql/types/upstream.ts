import { type Builder, INTERNAL } from '../builder.ts';
import { requireOwner, type UpstreamFacts } from '../context.ts';

/** Adds `Query.upstream`. */
export function defineUpstream(builder: Builder): void {
  const Kind = builder.enumType('UpstreamKind', {
    description: 'The kind of API that makes the videos.',
    values: {
      PUBLIC_HOST: { value: 'public', description: 'The real API, or another one on a public host.' },
      PRIVATE_NETWORK: {
        value: 'private',
        description: 'One on a private network, such as a sandbox: videos and prices may be test data.',
      },
      SANDBOX: {
        value: 'sandbox',
        description: 'The embedded sandbox: videos are test pictures, and nothing is charged.',
      },
    } as const,
  });
  const Upstream = builder.objectRef<UpstreamFacts>('Upstream').implement({
    description: 'The API that makes the videos.',
    fields: (t) => ({
      kind: t.expose('kind', { type: Kind, description: 'Whether videos and prices are real.' }),
      priceUsd: t.exposeFloat('priceUsd', {
        nullable: true,
        description:
          'About what one video costs, in US dollars; null when it is unknown. `metrics.costUsd` of a finished job is exact.',
        extensions: INTERNAL,
      }),
      remainingCredits: t.float({
        nullable: true,
        description:
          'Credits left in the account at the upstream, in US dollars, as they were some minutes ago at most. Null for callers without the scope `gateway:admin`, and while they are unknown: the gateway asks the upstream in the background, so ask again after a few seconds.',
        extensions: INTERNAL,
        resolve: ({ credits }, _, { caller }) => (caller.scopes.has('gateway:admin') ? credits() : null),
      }),
    }),
  });
  builder.queryField('upstream', (t) =>
    t.field({
      type: Upstream,
      description: 'The API that makes the videos: whether it is real, and what it costs.',
      resolve: (_, _args, { caller, services }) => {
        requireOwner(caller, 'video:read');
        return services.upstream;
      },
    }),
  );
}
