/**
 * A GraphQL document with the types of its result and variables, which Apollo Client, urql and others infer like those of a
 * `TypedDocumentNode`. It names no GraphQL library, so that programs without one can check the types of this package.
 */
export interface TypedDocument<Data, Variables> {
  /** The content is for the library. `never` fits the types of all versions of `graphql`. */
  readonly kind: never;
  readonly definitions: never;
  /** Never set: it carries the types. */
  __apiType?: (variables: Variables) => Data;
}
