import { z } from 'zod';

/** The only model of the sandbox. */
export const MODEL = 'wan2.1-i2v-480p';

/** Range and defaults: [page]. */
const NEGATIVE_PROMPT =
  'blurry, bad quality, camera shake, distortion, poor composition, low resolution, artifact, watermark';

const IMAGE_PROTOCOLS = new Set(['http:', 'https:', 'data:']);

function isImageUrl(value: string): boolean {
  return IMAGE_PROTOCOLS.has(URL.parse(value)?.protocol ?? '');
}

/** An integer, or one written as a string: the vendor's own sample sends `"480"` [page]. */
const numeric = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)], 'must be an integer');

const modelInputSchema = z.object({
  image: z.string('must be a string').refine(isImageUrl, 'must be an http or https URL'),
  prompt: z.string('must be a string').min(1, 'must not be empty'),
  resolution: numeric.pipe(z.literal([360, 480, 576], 'must be 360, 480 or 576')).default(480),
  video_length: z.int('must be an integer').min(1, 'must be 1 to 5').max(5, 'must be 1 to 5').default(3),
  base64: z.boolean('must be a boolean').default(false),
  negative_prompt: z.string('must be a string').default(NEGATIVE_PROMPT),
  seed: z.int('must be an integer').default(42_424_242),
  steps: z.int('must be an integer').min(10, 'must be 10 to 70').max(70, 'must be 10 to 70').default(30),
});

/** The model's parameters with their defaults. */
export type ModelInput = z.infer<typeof modelInputSchema>;

/** @returns the parameters of a body, or an error that names every invalid field. Unknown fields are ignored. */
export function readModelInput(body: unknown): { input: ModelInput } | { error: string } {
  const parsed = modelInputSchema.safeParse(body);
  if (parsed.success) return { input: parsed.data };
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  return { error: `Validation error: ${issues.join('; ')}` };
}
