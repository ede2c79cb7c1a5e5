import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { listenOnFreePort } from '../support/network/ports.ts';
import { spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('an issuer that cannot be reached is a warning at start that names the setting, the reason and what to do', async () => {
  // A port that nobody listens on.
  const server = createServer();
  const port = await listenOnFreePort(server);
  server.close();
  await once(server, 'close');
  using folder = tempFolder();
  const url = `http://127.0.0.1:${port}/jwks`;
  await using gateway = await spawnGateway({ DATA_DIR: folder.path, AUTH_JWKS_URL: url });
  await expect
    .poll(() => gateway.output())
    .toMatch(
      new RegExp(
        `"level":"warn".*AUTH_JWKS_URL ${url} cannot be fetched \\(.*ECONNREFUSED.*callers with a JWT get AUTH_UNAVAILABLE until it can be. Check the URL`,
      ),
    );
});

test('a set of keys that many apps share is a warning at start, unless issuer and audience are set', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    AUTH_JWKS_URL: 'https://www.googleapis.com/oauth2/v3/certs',
    AUTH_ISSUER: 'https://accounts.google.com',
    // Nothing is to be fetched.
    HTTPS_PROXY: 'http://127.0.0.1:9',
  });
  expect(gateway.output()).toMatch(
    /"level":"warn".*AUTH_JWKS_URL is at www.googleapis.com, .* and AUTH_AUDIENCE is not set: tokens that were made for other apps are accepted/,
  );
});
