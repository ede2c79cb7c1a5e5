/**
 * The token in an `Authorization` header.
 *
 * @returns null when there is none; for another scheme its whole text, which no check lets through
 */
export function bearerToken(header: string | undefined): string | null {
  const text = header?.trim() ?? '';
  if (text === '') return null;
  return /^bearer\s+(.*)$/i.exec(text)?.[1] ?? text;
}

/** The token in the parameters of a WebSocket's `connection_init`, with or without `Bearer` before it. */
export function tokenOfParams(params: Readonly<Record<string, unknown>> | undefined): string | null {
  const given = [params?.['authorization'], params?.['Authorization'], params?.['token']];
  const token = given.find((value) => value != null);
  // What is no text is a wrong token, not none.
  return token === undefined ? null : bearerToken(typeof token === 'string' ? token : typeof token);
}

/** The token that GraphiQL's header tab sends along with each operation over a WebSocket. */
export function tokenOfOperation(
  extensions: Readonly<Record<string, unknown>> | null | undefined,
): string | null {
  const headers = extensions?.['headers'];
  if (typeof headers !== 'object' || headers === null) return null;
  const header = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return typeof header === 'string' ? bearerToken(header) : null;
}
