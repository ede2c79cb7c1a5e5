import type { GenerateInput, VideoJobResolution } from '@reelgate/client';

/** The values of the form except the image. */
export type FormInput = Omit<GenerateInput, 'image' | 'idempotencyKey'>;

/** The form's values, with error messages by field name from the checks that need no gateway. */
export interface ReadForm {
  readonly input: FormInput;
  readonly issues: ReadonlyMap<string, string>;
}

/** The maximum of GraphQL's Int. */
export const MAX_INT = 2_147_483_647;

export function readForm(form: FormData): ReadForm {
  const prompt = text(form, 'prompt');
  const seed = text(form, 'seed');
  const issues = new Map<string, string>();
  if (prompt === '') issues.set('prompt', 'It must not be empty.');
  // `Number('')` would be 0.
  if (!/^[+-]?\d+$/.test(seed) || Math.abs(Number(seed)) > MAX_INT)
    issues.set('seed', `It must be a whole number of at most ${MAX_INT.toLocaleString('en')}.`);
  const input = {
    prompt,
    negativePrompt: text(form, 'negativePrompt'),
    resolution: toResolution(text(form, 'resolution')),
    videoLength: Number(text(form, 'videoLength')),
    steps: Number(text(form, 'steps')),
    seed: Number(seed),
    base64: form.get('base64') !== null,
  };
  return { input, issues };
}

/** Browsers use CR LF for line breaks in form data; the typed text has LF. */
function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n').trim() : '';
}

function toResolution(value: string): VideoJobResolution {
  return value === 'R360' || value === 'R576' ? value : 'R480';
}
