import { readFileSync } from 'node:fs';

/** The version of the gateway, as in its package.json. */
export function gatewayVersion(): string {
  const manifest: { readonly version?: unknown } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return String(manifest.version);
}
