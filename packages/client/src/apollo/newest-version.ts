import type { ApolloCache, ApolloLink } from '@apollo/client';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql';

/** Where a walk through a result is. */
interface Walk {
  readonly cache: ApolloCache;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

const VERSION = parse('fragment VideoJobVersion on VideoJob { version }');

/**
 * Replaces jobs in a result by the cached ones, if those are newer. A list that the gateway read before an update can arrive after it:
 * the cache would go back to the old version, permanently if the update was the job's last. Jobs need `id` and `version` for that, and
 * the cache all fields that the operation selects.
 */
export function newestVersions(
  operation: ApolloLink.Operation,
  result: ApolloLink.Result,
): ApolloLink.Result {
  if (result.data == null) return result;
  const fragments = new Map<string, FragmentDefinitionNode>();
  let root: OperationDefinitionNode | undefined;
  for (const definition of operation.query.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    if (definition.kind === Kind.OPERATION_DEFINITION) root ??= definition;
  }
  if (root === undefined) return result;
  const walk = { cache: operation.client.cache, variables: operation.variables, fragments };
  return { ...result, data: newest(walk, result.data, [root.selectionSet]) };
}

function newest<T>(walk: Walk, value: T, selected: readonly SelectionSetNode[]): T;
function newest(walk: Walk, value: unknown, selected: readonly SelectionSetNode[]): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => newest(walk, item, selected));
  if (typeof value !== 'object' || value === null) return value;
  if (isJob(value)) return newestJob(walk, value, selected);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      newest(walk, item, selectedBy(walk, value, selected, key)),
    ]),
  );
}

/** The selection sets of a field of an object. */
function selectedBy(
  walk: Walk,
  value: object,
  selected: readonly SelectionSetNode[],
  key: string,
): SelectionSetNode[] {
  return selected.flatMap(({ selections }) =>
    selections.flatMap((selection): SelectionSetNode[] => {
      if (selection.kind === Kind.FIELD) {
        const isSelected = (selection.alias ?? selection.name).value === key;
        return isSelected && selection.selectionSet !== undefined ? [selection.selectionSet] : [];
      }
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : walk.fragments.get(selection.name.value);
      if (fragment === undefined || !matchesType(walk.cache, fragment, value)) return [];
      return selectedBy(walk, value, [fragment.selectionSet], key);
    }),
  );
}

function matchesType(
  cache: ApolloCache,
  fragment: Parameters<NonNullable<ApolloCache['fragmentMatches']>>[0],
  value: object,
): boolean {
  const typename: unknown = '__typename' in value ? value.__typename : undefined;
  // The operation itself has no type name.
  return typeof typename !== 'string' || cache.fragmentMatches(fragment, typename);
}

interface Job {
  readonly __typename: 'VideoJob';
  readonly id: string;
  readonly version: number;
}

function isJob(value: object): value is Job {
  return '__typename' in value && value.__typename === 'VideoJob' && 'id' in value && 'version' in value;
}

function newestJob(
  { cache, variables, fragments }: Walk,
  job: Job,
  selected: readonly SelectionSetNode[],
): Job {
  const id = cache.identify({ __typename: job.__typename, id: job.id });
  if (id === undefined) return job;
  const known = cache.readFragment<Job>({ id, fragment: VERSION });
  if (known === null || known.version <= job.version) return job;
  const fragment: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [
      {
        kind: Kind.FRAGMENT_DEFINITION,
        name: { kind: Kind.NAME, value: 'NewestVideoJob' },
        typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'VideoJob' } },
        selectionSet: {
          kind: Kind.SELECTION_SET,
          selections: selected.flatMap(({ selections }) => selections),
        },
      },
      ...fragments.values(),
    ],
  };
  return cache.readFragment<Job>({ id, fragment, fragmentName: 'NewestVideoJob', variables }) ?? job;
}
