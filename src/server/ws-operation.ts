import { type ExecutionArgs, getOperationAST, GraphQLError } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { Caller } from '../domain/caller.ts';
import type { Answer } from '../graphql/answer-budget.ts';
import type { Documents } from './document/documents.ts';
import { maskError } from './mask-error.ts';
import type { Turn } from './opening-order.ts';
import { FeedWish, QuietFeed } from './quiet-feed.ts';
import type { SharedPayloads } from './shared-payloads.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import type { Yoga } from './yoga.ts';

/** What a client asked for. */
interface Wish {
  /** Who asks. @throws GraphQLError when that can't be told */
  readonly caller: () => Promise<Caller>;
  /** The gateway's URL for the client. */
  readonly baseUrl: string;
  readonly params: SubscribePayload;
  /** The only documents that are run; null: any. */
  readonly trusted: TrustedDocuments | null;
  readonly documents: Documents;
  readonly payloads: SharedPayloads;
  readonly turn: Turn;
}

/**
 * Checks the document. A subscription like an earlier one is opened at once.
 *
 * @returns what to execute, or why it can't be
 */
export async function prepare(
  yoga: Yoga,
  { caller, baseUrl, params, trusted, documents, payloads, turn }: Wish,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  try {
    const asker = await caller();
    const text = trusted === null ? params.query : trusted.resolve(params);
    const { operationName, variables } = params;
    const opened = await payloads.open({ text, operationName, variables, caller: asker, baseUrl });
    if (opened !== null) {
      const quiet = new QuietFeed(opened.feed);
      const executors = { execute: openedOnly, subscribe: () => quiet };
      const rootValue = new WsRoot({ executors, turn, text, caller: asker, baseUrl, answer: null });
      rootValue.quiet = quiet;
      return { ...opened.options, variableValues: variables, rootValue };
    }
    // Without a `request`: Yoga would take the upgrade's GET for the operation's method and refuse mutations.
    const checked = await documents.check(text, asker.ownerId);
    if ('errors' in checked) return checked.errors;
    const { document } = checked;
    const enveloped = yoga.getEnveloped({ caller: asker, baseUrl, params, checked });
    if (getOperationAST(document, operationName) == null) return [unresolved()];
    const contextValue = await enveloped.contextFactory();
    return {
      schema: enveloped.schema,
      document,
      operationName,
      variableValues: variables,
      contextValue,
      rootValue: new WsRoot({
        executors: enveloped,
        turn,
        text,
        caller: asker,
        baseUrl,
        answer: contextValue.answer,
      }),
    };
  } catch (error) {
    // Thrown further, one wrong document would close the socket and every subscription on it.
    return [maskError(error)];
  }
}

type Executors = Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'>;

/** What an operation's root value is made of. */
interface WsRootOptions {
  readonly executors: Executors;
  readonly turn: Turn;
  /** The document's. */
  readonly text: string;
  readonly caller: Caller;
  /** The memory of the answer; null: only events are answered. */
  readonly answer: Answer | null;
  readonly baseUrl: string;
}

/** Yoga's functions, with the operation's turn kept. */
class WsRoot extends FeedWish {
  readonly text: string;
  readonly caller: Caller;
  readonly baseUrl: string;
  readonly answer: Answer | null;
  #running: Pick<WsRootOptions, 'executors' | 'turn'> | null;

  constructor({ executors, turn, text, caller, baseUrl, answer }: WsRootOptions) {
    super();
    this.answer = answer;
    this.text = text;
    this.caller = caller;
    this.baseUrl = baseUrl;
    this.#running = { executors, turn };
  }

  async execute(args: ExecutionArgs) {
    const { executors, turn } = this.#start();
    turn.opened();
    if (turn.before !== null) await turn.before;
    return executors.execute(args);
  }

  /** A feed, where there is one, goes as it is: what the hooks put around it would only be held in memory. */
  async subscribe(args: ExecutionArgs) {
    const { executors, turn } = this.#start();
    try {
      const result = await executors.subscribe(args);
      return this.quiet ?? result;
    } finally {
      turn.opened();
    }
  }

  /** A subscription may last for days: what only its beginning needs is let go. */
  #start(): Pick<WsRootOptions, 'executors' | 'turn'> {
    if (this.#running === null) throw new Error('An operation was run twice.');
    const running = this.#running;
    this.#running = null;
    return running;
  }
}

/** What `prepare` put there. */
export function rootOf({ rootValue }: ExecutionArgs): WsRoot {
  if (rootValue instanceof WsRoot) return rootValue;
  throw new GraphQLError('The operation was not prepared.');
}

function openedOnly(): never {
  throw new Error('A subscription was executed.');
}

/** As Yoga says it over HTTP. */
function unresolved(): GraphQLError {
  return new GraphQLError('Could not determine what operation to execute.', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
  });
}
