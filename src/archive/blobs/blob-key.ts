/** Segments that begin with a dot are the storage's own. */
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/;
const MAX_LENGTH = 200;

/**
 * Checks a key: it cannot lead out of the storage, and every storage can have it as a name.
 *
 * @throws RangeError
 */
export function checkKey(key: string): void {
  if (KEY.test(key) && key.length <= MAX_LENGTH) return;
  throw new RangeError(
    `The key ${JSON.stringify(key.slice(0, MAX_LENGTH))} is invalid: it has to be a relative path of letters, digits and . _ - with at most ${MAX_LENGTH} characters, and no segment may begin with a dot.`,
  );
}
