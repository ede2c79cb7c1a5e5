import { type Builder, MAX_PAGE } from './builder.ts';
import { badInput } from './errors.ts';
import { LIST_COST } from './query.ts';
import type { JobView } from './types/job-view.ts';
import type { VideoJobTypes } from './types/video-job.ts';

/**
 * Adds the interface `Node` with `node` and `nodes`, by which Relay refetches an object. Only for direct clients: in a supergraph they
 * would belong to all subgraphs. The id of a node is the job's own, as jobs are the only nodes and their ids are unique.
 */
export function defineNode(builder: Builder, { VideoJob }: VideoJobTypes): void {
  const Node = builder.interfaceRef<JobView>('Node').implement({
    description: 'An object with an id, for Relay. Every node is a `VideoJob`.',
    fields: (t) => ({ id: t.exposeID('id', { description: 'The id, for `node`.' }) }),
    resolveType: () => VideoJob,
  });
  VideoJob.addInterfaces([Node]);

  builder.queryFields((t) => ({
    node: t.field({
      type: Node,
      nullable: true,
      description: 'One job by its id, for Relay: the same as `videoJob`.',
      args: { id: t.arg.id({ required: true, description: 'The job’s id.' }) },
      resolve: (_, { id }, { jobs }) => jobs.load(id),
    }),
    nodes: t.field({
      type: [Node],
      nullable: { list: false, items: true },
      description: 'Jobs by their ids, in that order; null for one that `videoJob` does not return.',
      extensions: { cost: LIST_COST },
      args: { ids: t.arg.idList({ required: true, description: `The jobs’ ids, at most ${MAX_PAGE}.` }) },
      resolve: (_, { ids }, { jobs }) => {
        if (ids.length > MAX_PAGE)
          throw badInput(`\`ids\` must have at most ${MAX_PAGE} ids, not ${ids.length}.`);
        return ids.map((id) => jobs.load(id));
      },
    }),
  }));
}
