import type { GraphQLError } from 'graphql';
import { refusal } from '../../../graphql/errors.ts';

const MIB = 1024 * 1024;

/** Limits on uploads in this process. */
export interface UploadLimits {
  /** Bytes of all uploads together. */
  readonly maxBytes: number;
  /** Bytes of one owner's uploads: less than a third, so that two owners cannot fill the memory. */
  readonly maxBytesPerOwner: number;
  /** Uploads of one owner that are sent to the upstream at once. */
  readonly maxSendingPerOwner: number;
  /** Uploads of one owner that arrive at once. */
  readonly maxArrivingPerOwner: number;
}

/** An upload of 10 MiB takes at most 10.5 MiB: twelve fit, four of one owner. */
const LIMITS: UploadLimits = {
  maxBytes: 128 * MIB,
  maxBytesPerOwner: 42 * MIB,
  maxSendingPerOwner: 4,
  maxArrivingPerOwner: 16,
};

/** An upload in progress. */
export interface UploadSlot {
  /** Registers a callback for the eviction of the upload. Called at most once, while the body arrives. */
  onEvicted(listener: () => void): void;
  /**
   * Counts bytes that have arrived, and evicts uploads when the limit is reached.
   *
   * @returns false when this upload is evicted
   */
  grow(bytes: number): boolean;
  /** Called when the body has arrived; then the upload is no longer evicted. */
  complete(): void;
  /** Called once, when its memory is released. */
  release(): void;
}

/**
 * The uploads in progress in this process, counted by their bytes. At the limit, the oldest arriving upload of the owner with the
 * most bytes is evicted, so that slow clients do not block others.
 */
export class UploadSlots {
  readonly #limits: UploadLimits;
  readonly #owners = new Map<string, Owner>();
  /** Of all uploads. */
  #bytes = 0;

  constructor(limits: UploadLimits = LIMITS) {
    this.#limits = limits;
  }

  /** @returns null when the owner has as many uploads sent to the upstream as allowed */
  take(ownerId: string): UploadSlot | null {
    const owner = this.#owners.get(ownerId) ?? { bytes: 0, uploads: new Set() };
    const { maxSendingPerOwner, maxArrivingPerOwner } = this.#limits;
    if (inState(owner, 'sending').length >= maxSendingPerOwner) return null;
    const arriving = inState(owner, 'arriving');
    if (arriving.length >= maxArrivingPerOwner) this.#evict(arriving[0]);
    const upload: Upload = { owner, bytes: 0, state: 'arriving', onEvicted: () => {} };
    owner.uploads.add(upload);
    this.#owners.set(ownerId, owner);
    return {
      onEvicted: (listener) => {
        upload.onEvicted = listener;
        // Another upload of the owner may have begun before this one is read.
        if (upload.state === 'evicted') listener();
      },
      grow: (bytes) => this.#grow(upload, bytes),
      complete: () => {
        upload.state = 'sending';
      },
      release: () => {
        this.#add(upload, -upload.bytes);
        owner.uploads.delete(upload);
        if (owner.uploads.size === 0) this.#owners.delete(ownerId);
      },
    };
  }

  #grow(upload: Upload, bytes: number): boolean {
    if (upload.state === 'evicted') return false;
    const { maxBytes, maxBytesPerOwner } = this.#limits;
    const { owner } = upload;
    this.#add(upload, bytes);
    while (this.#bytes > maxBytes || owner.bytes > maxBytesPerOwner) {
      const [victim] = owner.bytes > maxBytesPerOwner ? inState(owner, 'arriving') : this.#largest();
      if (victim === undefined || victim === upload) {
        upload.state = 'evicted';
        this.#add(upload, -upload.bytes);
        return false;
      }
      this.#evict(victim);
    }
    return true;
  }

  /** The arriving uploads of the owner who holds the most. */
  #largest(): readonly Upload[] {
    const owners = [...this.#owners.values()].toSorted((a, b) => b.bytes - a.bytes);
    return owners.map((owner) => inState(owner, 'arriving')).find(({ length }) => length > 0) ?? [];
  }

  #evict(upload: Upload | undefined): void {
    if (upload === undefined) return;
    upload.state = 'evicted';
    this.#add(upload, -upload.bytes);
    upload.onEvicted();
  }

  #add(upload: Upload, bytes: number): void {
    upload.bytes += bytes;
    upload.owner.bytes += bytes;
    this.#bytes += bytes;
  }
}

/** An upload is above the limits, or its memory is needed for others. */
export function tooManyUploads(): GraphQLError {
  const message = 'Too many uploads in progress. Try again in a few seconds.';
  return refusal(503, 'TOO_MANY_UPLOADS', message, { 'retry-after': '1' });
}

interface Owner {
  bytes: number;
  /** In the order in which they began. */
  readonly uploads: Set<Upload>;
}

interface Upload {
  readonly owner: Owner;
  bytes: number;
  /** `evicted`: refused because its memory was needed for other uploads. */
  state: 'arriving' | 'sending' | 'evicted';
  onEvicted: () => void;
}

function inState({ uploads }: Owner, state: Upload['state']): readonly Upload[] {
  return [...uploads].filter((upload) => upload.state === state);
}
