/** 128 random bits as four numbers. `crypto.randomUUID` exists only on pages of https and localhost. */
export function randomKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}
