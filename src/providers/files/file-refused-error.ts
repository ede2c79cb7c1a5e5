/** The gateway's rules forbid the request. Trying it again gives the same result while the URL means the same. */
export class FileRefusedError extends Error {
  override readonly name = 'FileRefusedError';
}
