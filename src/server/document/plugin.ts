import type { ServerResponse } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import type { Caller } from '../../domain/caller.ts';
import type { GraphQLContext } from '../../graphql/context.ts';
import { admitSubscription } from './admit.ts';
import type { Check, CheckedDocument, Documents } from './documents.ts';

interface DocumentContext {
  readonly res?: ServerResponse;
  caller?: Caller;
  /** The document that was checked for this operation. */
  checked?: CheckedDocument;
}

/** Has every document checked before Yoga parses it, and every operation admitted before it is executed. */
export function useDocuments(
  documents: Documents,
): Plugin<DocumentContext & GraphQLContext, DocumentContext> {
  return {
    onParams({ params: { query }, context, setResult }) {
      const { caller } = context;
      if (typeof query !== 'string' || caller === undefined) return undefined;
      const use = (check: Check) => {
        if ('errors' in check) setResult({ errors: [...check.errors] });
        else context.checked = check;
      };
      const check = documents.check(query, caller.ownerId);
      return check instanceof Promise ? check.then(use) : use(check);
    },
    onParse({ context: { checked }, setParsedDocument }) {
      if (checked === undefined) throw new Error('The document was not checked.');
      setParsedDocument(checked.document);
    },
    onValidate({ setResult }) {
      setResult([]);
    },
    async onExecute({ args, setResultAndStopExecution }) {
      const { checked, answer, res } = args.contextValue;
      const measured = checked?.measureOf(args.operationName) ?? null;
      if (res !== undefined) answer.follow(res);
      const refused = await documents.admit({ measured, variables: args.variableValues, answer });
      if (refused !== null) setResultAndStopExecution({ errors: [refused] });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const { checked, answer } = args.contextValue;
      const measured = checked?.measureOf(args.operationName) ?? null;
      const refused = admitSubscription({ measured, variables: args.variableValues });
      if (refused !== null) setResultAndStopExecution({ errors: [refused] });
      return {
        onSubscribeResult: () => ({ onNext: () => answer.nextEvent(), onEnd: () => answer.release() }),
      };
    },
  };
}
