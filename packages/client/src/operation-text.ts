/** The text of a GraphQL operation, with the types of its result and variables. */
export type OperationText<Data, Variables> = string & {
  /** Never set: it carries the types. */
  readonly types?: (variables: Variables) => Data;
};
