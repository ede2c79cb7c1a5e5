/** A file that came with a request. */
export class UploadedFile {
  // Private, as what looks through variables must not look at each byte.
  #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Lets go of the bytes, whoever still has the file. */
  discard(): void {
    this.#bytes = new Uint8Array();
  }
}
