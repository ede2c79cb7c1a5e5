import { z } from 'zod';
import { splitList } from './schemas.ts';

/** One entry of the list: the origin in lower case, or what is wrong with the entry and what to write. */
type Entry = { readonly origin: string } | { readonly fault: string };

/**
 * A list of the origins of pages, in lower case as browsers send them: of websites (`https://app.example.com`), of all subdomains of one
 * (`https://*.example.com`), and of apps (`capacitor://localhost`). An entry that no page could have is a fault.
 */
export function corsOrigins() {
  return z
    .string()
    .default('')
    .transform((list, context) => {
      const entries = splitList(list)
        .filter((entry) => entry !== '')
        .map(readEntry);
      for (const entry of entries)
        if ('fault' in entry) context.addIssue({ code: 'custom', message: entry.fault, input: list });
      return Object.freeze(entries.flatMap((entry) => ('origin' in entry ? [entry.origin] : [])));
    });
}

const EXAMPLES = 'such as https://app.example.com, https://*.example.com or capacitor://localhost';
/** Schemes that the origin of a page never has. */
const NOT_OF_PAGES = /^(?:wss?|ftp|blob|data|about|javascript|view-source)$/;
/** A scheme of its own with a host, such as `tauri://localhost`, `app://-` or `chrome-extension://<id>`. */
const APP_ORIGIN = /^([a-z][a-z\d+.-]*):\/\/([\w.-]+(?::\d{1,5})?)\/?$/;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
/** The ids of browser extensions. */
const EXTENSION_IDS: Readonly<Record<string, RegExp>> = {
  'chrome-extension': /^[a-p]{32}$/,
  'moz-extension': UUID,
  'safari-web-extension': UUID,
};

function readEntry(text: string): Entry {
  const entry = text.toLowerCase();
  const fault = (rest: string): Entry => ({ fault: `${JSON.stringify(text)} ${rest}` });
  const scheme = /^([a-z][a-z\d+.-]*):/.exec(entry)?.[1];
  if (entry === '*')
    return fault(`would allow the pages of every website: list the origins of your pages, ${EXAMPLES}`);
  if (entry === 'null' || scheme === 'file')
    return fault(
      'cannot be allowed, because all files and sandboxed frames have the origin null: serve the page at an origin, and list that',
    );
  if (!entry.includes('://'))
    return fault(`is not an origin, which begins with a scheme: write for example https://${entry}`);
  if (scheme === 'http' || scheme === 'https') return readWebOrigin(entry, fault);
  if (scheme === undefined || NOT_OF_PAGES.test(scheme) || /^h+t+p+s*$/.test(scheme))
    return fault(`is not the origin of a page: write its scheme, host and port, ${EXAMPLES}`);
  return readAppOrigin(entry, fault);
}

function readWebOrigin(entry: string, fault: (rest: string) => Entry): Entry {
  const isWildcard = /^https?:\/\/\*\./.test(entry);
  const url = URL.parse(isWildcard ? entry.replace('*', 'any') : entry);
  if (url === null || url.hostname.includes('*'))
    return fault(`is not an origin, where * may only be the first label of the host: write one ${EXAMPLES}`);
  const origin = isWildcard ? url.origin.replace('//any.', '//*.') : url.origin;
  if (url.href !== `${url.origin}/`)
    return fault(`has more than a scheme, a host and a port: write ${origin}`);
  const labels = url.hostname.split('.').filter((label) => label !== '');
  if (isWildcard && labels.length < 3)
    return fault(
      `allows too many hosts: write two labels or more after the *, such as https://*.example.com`,
    );
  return { origin };
}

function readAppOrigin(entry: string, fault: (rest: string) => Entry): Entry {
  const [, scheme = '', host = ''] = APP_ORIGIN.exec(entry) ?? [];
  if (entry.includes('*'))
    return fault(
      'has a *, which only http and https origins may have: list each app with its scheme and host',
    );
  if (host === '')
    return fault(
      `is not the origin of an app: write only its scheme and host, such as capacitor://localhost`,
    );
  if (EXTENSION_IDS[scheme]?.test(host) === false)
    return fault(`has no id of an extension: write the origin that its pages show as location.origin`);
  return { origin: `${scheme}://${host}` };
}
