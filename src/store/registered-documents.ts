/** A document that a caller registers. */
export interface DocumentRegistration {
  /** The SHA-256 of the text in lowercase hexadecimal. */
  readonly hash: string;
  readonly text: string;
  /** The owner whose share of the memory it uses, unless it is registered already. */
  readonly ownerId: string;
}

/**
 * Documents that clients have registered by the hashes of their texts (automatic persisted queries). They are shared by all owners: a hash
 * names one text only. The methods reject with `StoreUnavailableError` when the store cannot be reached; each may be repeated.
 */
export interface RegisteredDocuments {
  /** Returns the text of a document, which counts as a use; null when it is not registered. */
  find(hash: string): string | null | Promise<string | null>;
  /**
   * Registers a document. Others are removed when there is no room: the owner's own documents when the owner's share is used up, then those
   * of any owner; those that were not used for the longest time come first. A document that alone exceeds a share is not registered.
   */
  add(document: DocumentRegistration): void | Promise<void>;
}

const MIB = 1024 * 1024;

/** Bytes of the documents, as counted by `registeredBytes`. */
export interface DocumentRoom {
  readonly all: number;
  /** Of the documents that one owner has registered. */
  readonly perOwner: number;
}

/** An app or a router has up to some hundred documents of about a kilobyte. */
export const DOCUMENT_ROOM: DocumentRoom = { all: 32 * MIB, perOwner: MIB };

/** Bytes that a document takes besides its text: its hash in several indexes. */
const ENTRY_BYTES = 512;

/** The bytes that a document counts for. */
export function registeredBytes(text: string): number {
  return Buffer.byteLength(text) + ENTRY_BYTES;
}
