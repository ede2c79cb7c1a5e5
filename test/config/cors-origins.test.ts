import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { faultOf } from './fault-of.ts';

const CHROME_ID = 'abcdefghijklmnopabcdefghijklmnop';
const UUID = '1b4e28ba-2fa1-41d2-883f-0016d3cca427';

it.each([
  ['https://App.Example.com:443/', 'https://app.example.com'],
  ['http://localhost:5173', 'http://localhost:5173'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ['http://[::1]:3000', 'http://[::1]:3000'],
  ['https://*.example.com', 'https://*.example.com'],
  ['HTTPS://*.Example.com:443/', 'https://*.example.com'],
  ['http://*.dev.example.com:8080', 'http://*.dev.example.com:8080'],
  ['https://tauri.localhost', 'https://tauri.localhost'],
  ['tauri://localhost', 'tauri://localhost'],
  ['capacitor://localhost', 'capacitor://localhost'],
  ['Ionic://localhost/', 'ionic://localhost'],
  ['app://-', 'app://-'],
  ['app://.', 'app://.'],
  ['my-app://bundle:8080', 'my-app://bundle:8080'],
  ['vscode-webview://0a1b2c', 'vscode-webview://0a1b2c'],
  [`chrome-extension://${CHROME_ID}`, `chrome-extension://${CHROME_ID}`],
  [`moz-extension://${UUID}`, `moz-extension://${UUID}`],
  [`safari-web-extension://${UUID.toUpperCase()}`, `safari-web-extension://${UUID}`],
])('%s is the origin %s', (given, origin) => {
  expect(parseConfig({ CORS_ORIGINS: given }).corsOrigins).toEqual([origin]);
});

const EXAMPLES = 'such as https://app.example.com, https://*.example.com or capacitor://localhost';
const NULL_ORIGIN =
  'cannot be allowed, because all files and sandboxed frames have the origin null: serve the page at an origin, and list that';
const MISPLACED = `is not an origin, where * may only be the first label of the host: write one ${EXAMPLES}`;
const NO_PAGE = `is not the origin of a page: write its scheme, host and port, ${EXAMPLES}`;
const NO_APP = 'is not the origin of an app: write only its scheme and host, such as capacitor://localhost';
const TOO_MANY = 'allows too many hosts: write two labels or more after the *, such as https://*.example.com';

it.each([
  ['*', `would allow the pages of every website: list the origins of your pages, ${EXAMPLES}`],
  ['null', NULL_ORIGIN],
  ['file:///home/ada/index.html', NULL_ORIGIN],
  [
    'App.example.com',
    'is not an origin, which begins with a scheme: write for example https://app.example.com',
  ],
  [
    'localhost:3000',
    'is not an origin, which begins with a scheme: write for example https://localhost:3000',
  ],
  ['*.example.com', 'is not an origin, which begins with a scheme: write for example https://*.example.com'],
  [
    'https://app.example.com/page',
    'has more than a scheme, a host and a port: write https://app.example.com',
  ],
  ['https://*.example.com/?a', 'has more than a scheme, a host and a port: write https://*.example.com'],
  ['https://ada@app.example.com', 'has more than a scheme, a host and a port: write https://app.example.com'],
  ['https://*', MISPLACED],
  ['https://app-*.example.com', MISPLACED],
  ['https://app.*.example.com', MISPLACED],
  ['https://*.*.example.com', MISPLACED],
  ['https://*.example.com:*', MISPLACED],
  ['https://*.10.0.0.1', MISPLACED],
  ['https://[', MISPLACED],
  ['https://*.com', TOO_MANY],
  ['https://*.localhost:3000', TOO_MANY],
  ['https://*.com.', TOO_MANY],
  ['wss://app.example.com', NO_PAGE],
  ['htps://app.example.com', NO_PAGE],
  ['://app.example.com', NO_PAGE],
  ['blob:https://app.example.com', NO_PAGE],
  ['app://', NO_APP],
  ['capacitor://localhost/index.html', NO_APP],
  ['tauri://ada@localhost', NO_APP],
  [
    'chrome-extension://*',
    'has a *, which only http and https origins may have: list each app with its scheme and host',
  ],
  [
    'chrome-extension://my-extension',
    'has no id of an extension: write the origin that its pages show as location.origin',
  ],
])('%s is none, and the fault says what to write', (given, fault) => {
  expect(faultOf({ CORS_ORIGINS: given })).toBe(`CORS_ORIGINS: ${JSON.stringify(given)} ${fault}`);
});

it('all entries with faults are named', () => {
  expect(() => parseConfig({ CORS_ORIGINS: 'null, https://app.example.com, *' })).toThrow(
    /CORS_ORIGINS: "null" cannot[^]*CORS_ORIGINS: "\*" would/,
  );
});
