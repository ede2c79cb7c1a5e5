import { LRUCache } from 'lru-cache';
import {
  DOCUMENT_ROOM,
  type DocumentRegistration,
  type DocumentRoom,
  registeredBytes,
  type RegisteredDocuments,
} from './registered-documents.ts';

interface Entry {
  readonly text: string;
  readonly ownerId: string;
  readonly bytes: number;
}

/** What one owner has registered. */
interface Share {
  bytes: number;
  /** Hashes; the least recently used comes first. */
  readonly hashes: Set<string>;
}

/** Registered documents of this process only. After a restart, clients register their documents again. */
export class MemoryRegisteredDocuments implements RegisteredDocuments {
  readonly #room: DocumentRoom;
  readonly #documents: LRUCache<string, Entry>;
  readonly #shares = new Map<string, Share>();

  constructor(room = DOCUMENT_ROOM) {
    this.#room = room;
    this.#documents = new LRUCache({
      maxSize: room.all,
      sizeCalculation: ({ bytes }) => bytes,
      dispose: (entry, hash) => this.#leaveShare(entry, hash),
    });
  }

  find(hash: string): string | null {
    const entry = this.#documents.get(hash);
    if (entry === undefined) return null;
    const hashes = this.#shares.get(entry.ownerId)?.hashes;
    hashes?.delete(hash);
    hashes?.add(hash);
    return entry.text;
  }

  add({ hash, text, ownerId }: DocumentRegistration): void {
    const bytes = registeredBytes(text);
    if (bytes > this.#room.perOwner || this.find(hash) !== null) return;
    const share = this.#shares.get(ownerId) ?? { bytes: 0, hashes: new Set() };
    for (const oldest of share.hashes) {
      if (share.bytes + bytes <= this.#room.perOwner) break;
      this.#documents.delete(oldest);
    }
    share.bytes += bytes;
    share.hashes.add(hash);
    this.#shares.set(ownerId, share);
    this.#documents.set(hash, { text, ownerId, bytes });
  }

  #leaveShare({ ownerId, bytes }: Entry, hash: string): void {
    const share = this.#shares.get(ownerId);
    if (share === undefined) return;
    share.bytes -= bytes;
    share.hashes.delete(hash);
    if (share.hashes.size === 0) this.#shares.delete(ownerId);
  }
}
