import { isIPv4 } from 'node:net';

/** Whether browsers take a page at this URL for a secure context. Elsewhere they ignore some headers, and say so in their console. */
export function isSecureContext(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:') return true;
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]') return true;
  return isIPv4(hostname) && hostname.startsWith('127.');
}
