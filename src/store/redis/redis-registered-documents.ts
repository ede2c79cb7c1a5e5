import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  DOCUMENT_ROOM,
  type DocumentRegistration,
  type DocumentRoom,
  registeredBytes,
  type RegisteredDocuments,
} from '../registered-documents.ts';
import { keys } from './keys.ts';
import { attempt, type RedisClient, runScript } from './scripts/run-script.ts';

/** Milliseconds after which a document that was not used is removed. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;
/** Bytes of the documents that this process keeps, as counted by `registeredBytes`. */
const CACHED_BYTES = 8 * 1024 * 1024;
/** Milliseconds after which a document of this process is read again, so that Redis learns that it is used. */
const CACHED_MS = 60 * 60 * 1000;
/** Milliseconds for which a document is kept in this process that could not be written. */
const UNWRITTEN_MS = 10_000;
/** Bytes of the documents that are being written. While Redis is slow, others are not written: clients register them again. */
const MAX_WRITING_BYTES = 4 * 1024 * 1024;

/** Options of `RedisRegisteredDocuments`. */
export interface RedisRegisteredDocumentsOptions {
  /** Owned by the caller. */
  readonly client: RedisClient;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** @default DOCUMENT_ROOM */
  readonly room?: DocumentRoom;
}

/** Registered documents that all instances share. Documents in use are kept in this process, so that finding them needs no Redis. */
export class RedisRegisteredDocuments implements RegisteredDocuments {
  readonly #client: RedisClient;
  readonly #room: DocumentRoom;
  readonly #cache: LRUCache<string, string>;
  #writingBytes = 0;

  constructor({ client, now, room = DOCUMENT_ROOM }: RedisRegisteredDocumentsOptions) {
    this.#client = client;
    this.#room = room;
    this.#cache = new LRUCache({
      maxSize: CACHED_BYTES,
      sizeCalculation: registeredBytes,
      ttl: CACHED_MS,
      ttlResolution: 0,
      perf: { now },
    });
  }

  find(hash: string): string | Promise<string | null> {
    return this.#cache.get(hash) ?? attempt(() => this.#read(hash));
  }

  add(document: DocumentRegistration): void | Promise<void> {
    const { hash, text } = document;
    const bytes = registeredBytes(text);
    if (bytes > this.#room.perOwner || this.#cache.has(hash)) return;
    this.#cache.set(hash, text, { ttl: UNWRITTEN_MS });
    if (this.#writingBytes + bytes > MAX_WRITING_BYTES) return;
    return attempt(() => this.#write(document, bytes));
  }

  async #read(hash: string): Promise<string | null> {
    const text = await runScript(this.#client, 'reelgateFindDocument', keys.documents, [hash, KEPT_MS]);
    if (typeof text !== 'string') return null;
    this.#cache.set(hash, text);
    return text;
  }

  async #write({ hash, text, ownerId }: DocumentRegistration, bytes: number): Promise<void> {
    const { perOwner, all } = this.#room;
    const owner = createHash('sha256').update(ownerId).digest('base64url');
    const values = [hash, text, owner, bytes, perOwner, all, KEPT_MS];
    this.#writingBytes += bytes;
    try {
      await runScript(this.#client, 'reelgateAddDocument', keys.documents, values);
      this.#cache.set(hash, text);
    } finally {
      this.#writingBytes -= bytes;
    }
  }
}
