import { PARAMETERS } from '../parameters.ts';
import { type Draft, type DraftImage, type DraftSettings, MAX_INT } from './draft.ts';

/** Error messages by field name, from the checks that need no gateway: nothing is uploaded for a request that would be refused. */
export function issuesOf({ image, settings }: Draft): ReadonlyMap<string, string> {
  const { prompt, negativePrompt } = settings;
  const issues = [
    ['image', imageIssue(image)],
    ['prompt', prompt.trim() === '' ? 'It must not be empty.' : lengthIssue(prompt, PARAMETERS.prompt)],
    ['negativePrompt', lengthIssue(negativePrompt, PARAMETERS.negativePrompt)],
    ['seed', seedIssue(settings)],
  ] as const;
  return new Map(issues.flatMap(([name, issue]) => (issue === null ? [] : [[name, issue] as const])));
}

function imageIssue(image: DraftImage | null): string | null {
  if (image === null) return 'Choose an image, or give the URL of one.';
  if (image.type === 'file' || /^https?:$/.test(URL.parse(image.url.trim())?.protocol ?? '')) return null;
  return 'It must be an http or https URL, such as https://example.com/cat.png.';
}

function lengthIssue(text: string, { maxLength }: { readonly maxLength: number }): string | null {
  const length = lengthOf(text);
  if (length <= maxLength) return null;
  return `It must have at most ${number(maxLength)} characters; it has ${number(length)}.`;
}

function seedIssue({ seed, variations }: DraftSettings): string | null {
  // `Number('')` would be 0.
  if (!/^[+-]?\d+$/.test(seed.trim()) || Math.abs(Number(seed)) > MAX_INT)
    return `It must be a whole number of at most ${number(MAX_INT)}.`;
  const last = MAX_INT - variations + 1;
  return Number(seed) > last ? `With ${variations} variations it must be at most ${number(last)}.` : null;
}

/** The length in code points without surrounding white space, as the gateway counts. */
export function lengthOf(text: string): number {
  return Array.from(text.trim()).length;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
