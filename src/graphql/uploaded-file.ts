/** A file that came with a request. */
export class UploadedFile {
  // Private, as what looks through variables must not look at each byte.
  #chunks: readonly Uint8Array[];

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks;
  }

  /** In pieces, of which the first has at least 12 bytes unless it is the last. */
  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  /** Lets go of the bytes, whoever still has the file. */
  discard(): void {
    this.#chunks = [];
  }
}
