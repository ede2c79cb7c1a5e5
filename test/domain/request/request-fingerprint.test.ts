import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  requestFingerprint,
  requestParser,
  type VideoRequest,
} from '../../../src/domain/request/video-request.ts';
import { WAN_MODEL } from '../../../src/providers/segmind/facts.ts';

const parse = requestParser(WAN_MODEL);

function accepted(input: object): VideoRequest {
  const parsed = parse({ image: 'https://example.com/cat.png', prompt: 'A cat yawns', ...input }, true);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.request;
}

const text = (max: number): fc.Arbitrary<string> => fc.string({ unit: 'binary', maxLength: max });

describe('requestFingerprint', () => {
  it('is equal for equal requests with any order of fields', () => {
    const { image, prompt, ...rest } = accepted({});
    const requestReordered: VideoRequest = { ...rest, prompt, image };
    expect(requestFingerprint(requestReordered)).toBe(requestFingerprint(accepted({})));
    expect(requestFingerprint(accepted({ prompt: ' A cat yawns ', steps: 30 }))).toBe(
      requestFingerprint(accepted({})),
    );
  });

  it('differs when one field differs', () => {
    const others = [
      { image: 'https://example.com/dog.png' },
      { prompt: 'A dog yawns' },
      { negativePrompt: '' },
      { resolution: 360 },
      { videoLength: 4 },
      { steps: 31 },
      { seed: 1 },
      { base64: true },
    ];
    const prints = [{}, ...others].map((other) => requestFingerprint(accepted(other)));
    expect(new Set(prints).size).toBe(others.length + 1);
  });

  it('distinguishes requests whose adjacent fields have the same concatenated text', () => {
    fc.assert(
      fc.property(text(3), text(3), text(3), text(3), (a, b, c, d) => {
        const one = { ...accepted({}), prompt: a, negativePrompt: b };
        const two = { ...accepted({}), prompt: c, negativePrompt: d };
        expect(requestFingerprint(one) === requestFingerprint(two)).toBe(a === c && b === d);
      }),
      { numRuns: 500 },
    );
  });
});
