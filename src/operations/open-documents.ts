import { getHeapStatistics } from 'node:v8';
import { GraphQLError } from 'graphql';
import type { CheckedDocument } from './documents.ts';

/** Bytes of all documents of open subscriptions. The rest of the heap is for results, subscribers and caches. */
const MAX_BYTES = getHeapStatistics().heap_size_limit / 4;
/** Bytes of a parsed token: the token, its part of the syntax tree and their positions. Measured: 190. */
const TOKEN_BYTES = 200;
/** Bytes of the plan of a document, which is compiled when it has executed events. */
const PLAN_BYTES = 20 * 1024;

interface OpenDocument {
  /** The owner whose share it uses: the one who opened it. */
  readonly ownerId: string;
  readonly bytes: number;
  /** Number of subscriber groups. */
  groups: number;
}

/**
 * The memory of the documents of open subscriptions. A parsed document takes up to a hundred times the memory of its text, for as
 * long as a subscription to it is open. Equal documents are shared and count once. One owner gets at most half of the memory.
 */
export class OpenDocuments {
  readonly #maxBytes: number;
  #bytes = 0;
  readonly #byOwner = new Map<string, number>();
  readonly #open = new Map<CheckedDocument, OpenDocument>();
  readonly #byText = new Map<string, CheckedDocument>();

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Finds an open document by its text. */
  get(text: string): CheckedDocument | undefined {
    return this.#byText.get(text);
  }

  /**
   * Counts a subscriber group of a document. It leaves by `leave`.
   *
   * @throws GraphQLError TOO_MANY_SUBSCRIPTIONS when there is no memory for another document
   */
  join(checked: CheckedDocument, ownerId: string): void {
    const known = this.#open.get(checked);
    if (known !== undefined) {
      known.groups += 1;
      return;
    }
    const bytes = bytesOf(checked);
    const ofOwner = (this.#byOwner.get(ownerId) ?? 0) + bytes;
    if (this.#bytes + bytes > this.#maxBytes || ofOwner > this.#maxBytes / 2) throw tooManyDocuments();
    this.#bytes += bytes;
    this.#byOwner.set(ownerId, ofOwner);
    this.#open.set(checked, { ownerId, bytes, groups: 1 });
    this.#byText.set(checked.text, checked);
  }

  leave(checked: CheckedDocument): void {
    const open = this.#open.get(checked);
    if (open === undefined) return;
    open.groups -= 1;
    if (open.groups > 0) return;
    const { ownerId, bytes } = open;
    this.#bytes -= bytes;
    const ofOwner = (this.#byOwner.get(ownerId) ?? 0) - bytes;
    if (ofOwner === 0) this.#byOwner.delete(ownerId);
    else this.#byOwner.set(ownerId, ofOwner);
    this.#open.delete(checked);
    // Two equal documents may have been checked before either was open.
    if (this.#byText.get(checked.text) === checked) this.#byText.delete(checked.text);
  }
}

function bytesOf({ text, document }: CheckedDocument): number {
  let tokens = 0;
  for (let token = document.loc?.startToken ?? null; token !== null; token = token.next) tokens += 1;
  return PLAN_BYTES + 2 * text.length + tokens * TOKEN_BYTES;
}

function tooManyDocuments(): GraphQLError {
  return new GraphQLError(
    'The open subscriptions have too many different documents. Use variables instead of values in the document, or try again later.',
    { extensions: { code: 'TOO_MANY_SUBSCRIPTIONS', http: { status: 503 } } },
  );
}
