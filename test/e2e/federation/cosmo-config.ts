/** Prints the configuration of Cosmo Router for graph.yaml. The libraries are those of `wgc router compose`, which takes 255 MB. */
import { readFileSync } from 'node:fs';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { federateSubgraphs, LATEST_ROUTER_COMPATIBILITY_VERSION as version } from '@wundergraph/composition';
import {
  buildRouterConfig,
  SubgraphKind,
  type SubscriptionProtocol,
  type WebsocketSubprotocol,
} from '@wundergraph/cosmo-shared';
import { parse } from 'graphql';
import { load } from 'js-yaml';

/** A subgraph in the file that `wgc router compose` reads. */
interface Listed {
  readonly name: string;
  readonly routing_url: string;
  readonly schema: { readonly file: string };
  readonly subscription?: {
    readonly url: string;
    readonly protocol: SubscriptionProtocol;
    readonly websocketSubprotocol: WebsocketSubprotocol;
  };
}

const { subgraphs } = load(readFileSync('graph.yaml', 'utf8')) as { subgraphs: readonly Listed[] };
const sdl = ({ schema }: Listed) => readFileSync(schema.file, 'utf8');
const result = federateSubgraphs({
  subgraphs: subgraphs.map((each) => ({
    name: each.name,
    url: each.routing_url,
    definitions: parse(sdl(each)),
  })),
  version,
});
if (!result.success) throw new AggregateError(result.errors, result.errors.join('\n'));

const config = buildRouterConfig({
  federatedClientSDL: result.shouldIncludeClientSchema
    ? printSchemaWithDirectives(result.federatedGraphClientSchema)
    : '',
  federatedSDL: printSchemaWithDirectives(result.federatedGraphSchema),
  fieldConfigurations: result.fieldConfigurations,
  routerCompatibilityVersion: version,
  schemaVersionId: '00000000-0000-0000-0000-000000000000',
  subgraphs: subgraphs.map((each, index) => {
    const { schema, configurationDataByTypeName, costs } =
      result.subgraphConfigBySubgraphName.get(each.name) ?? {};
    return {
      kind: SubgraphKind.Standard,
      id: String(index),
      name: each.name,
      url: each.routing_url,
      sdl: sdl(each),
      subscriptionUrl: each.subscription?.url ?? each.routing_url,
      subscriptionProtocol: each.subscription?.protocol ?? 'ws',
      websocketSubprotocol: each.subscription?.websocketSubprotocol ?? 'auto',
      schema,
      configurationDataByTypeName,
      costs,
    };
  }),
});
process.stdout.write(config.toJsonString());
