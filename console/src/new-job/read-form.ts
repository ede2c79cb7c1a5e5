import type { GenerateVideoInput, VideoJobResolution } from '../../../client/documents.ts';

/** What the form holds besides the image. */
export type FormInput = Omit<GenerateVideoInput, 'image' | 'idempotencyKey'>;

/** Reads the form. What is wrong in it the gateway says. */
export function readForm(form: FormData): FormInput {
  return {
    prompt: text(form, 'prompt'),
    negativePrompt: text(form, 'negativePrompt'),
    resolution: toResolution(text(form, 'resolution')),
    videoLength: Number(text(form, 'videoLength')),
    steps: Number(text(form, 'steps')),
    seed: Number(text(form, 'seed')),
    base64: form.get('base64') !== null,
  };
}

/** Browsers break lines in forms by CR LF; typed text has LF. */
function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n').trim() : '';
}

function toResolution(value: string): VideoJobResolution {
  return value === 'R360' || value === 'R576' ? value : 'R480';
}
