import { randomInt } from 'node:crypto';
import type { VideoJobResolution } from '../documents.ts';
import type { GenerateInput } from '../types.ts';
import { integer, type OptionValues } from './arguments.ts';
import { usageError } from './exit-codes.ts';
import { PARAMETERS } from './parameters.ts';

const RESOLUTIONS: Readonly<Record<string, VideoJobResolution>> = { 360: 'R360', 480: 'R480', 576: 'R576' };
/** Seeds are integers of 32 bits. */
const SEED = { min: -(2 ** 31), max: 2 ** 31 - 1 };

/**
 * The input of a command without its image.
 *
 * @throws CommandError for a value that the gateway would refuse, before the image is uploaded
 */
export function inputOf(prompt: string, values: OptionValues): Omit<GenerateInput, 'image'> {
  const negativePrompt = values['negative-prompt'];
  const idempotencyKey = values['idempotency-key'];
  if (prompt.trim() === '') throw usageError('The prompt is empty.');
  checkLength('The prompt', prompt.trim(), PARAMETERS.prompt);
  checkLength('--negative-prompt', negativePrompt?.trim(), PARAMETERS.negativePrompt);
  if (idempotencyKey === '') throw usageError('--idempotency-key is empty.');
  checkLength('--idempotency-key', idempotencyKey, PARAMETERS.idempotencyKey);
  return {
    prompt,
    negativePrompt,
    resolution: resolutionOf(values.resolution),
    videoLength: inRange('--length', values.length, PARAMETERS.videoLength),
    steps: inRange('--steps', values.steps, PARAMETERS.steps),
    seed: values.seed === 'random' ? randomInt(SEED.max) : inRange('--seed', values.seed, SEED),
    idempotencyKey,
  };
}

/** The gateway counts code points. */
function checkLength(
  name: string,
  text: string | undefined,
  { maxLength }: { readonly maxLength: number },
): void {
  const length = Array.from(text ?? '').length;
  if (length > maxLength)
    throw usageError(`${name} has ${length} characters. At most ${maxLength} are accepted: shorten it.`);
}

function inRange(
  option: string,
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const value = integer(option, text);
  if (value !== undefined && (value < min || value > max))
    throw usageError(`${option} must be from ${min} to ${max}, not ${value}.`);
  return value;
}

function resolutionOf(text: string | undefined): VideoJobResolution | undefined {
  if (text === undefined) return undefined;
  const found = RESOLUTIONS[text];
  if (found === undefined) throw usageError(`--resolution must be 360, 480 or 576, not "${text}".`);
  return found;
}
