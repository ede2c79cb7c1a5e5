import { isObject, parseJson } from '../answers/json.ts';
import { type Payload, PAYLOAD_DEFAULTS } from '../vendor.ts';

/**
 * Whether a request of the history has the inputs of a payload. Its other fields are ignored. A number or boolean
 * equals its text (`480` and `"480"`), and an absent field equals the vendor's default.
 *
 * @param body the inputs as the history shows them: an object, or its JSON as a text
 */
export function hasSameInputs(body: unknown, payload: Payload): boolean {
  const inputs = typeof body === 'string' ? parseJson(body) : body;
  if (!isObject(inputs)) return false;
  const defaults = new Map<string, unknown>(Object.entries(PAYLOAD_DEFAULTS));
  return Object.entries(payload).every(([name, sent]) => isSame(inputs[name] ?? defaults.get(name), sent));
}

function isSame(shown: unknown, sent: unknown): boolean {
  if (typeof sent === 'string') return shown === sent;
  if (typeof sent === 'boolean') return String(shown).toLowerCase() === String(sent);
  return typeof shown === 'string' ? shown.trim() !== '' && Number(shown) === sent : shown === sent;
}
