import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicHost } from '../../../src/domain/request/public-address.ts';
import { requestParser, type VideoRequest } from '../../../src/domain/request/video-request.ts';
import { WAN_MODEL } from '../../../src/providers/segmind/facts.ts';

const parseVideoRequest = requestParser(WAN_MODEL);

const MINIMAL = { image: 'https://example.com/cat.png', prompt: 'A cat yawns' };
const CAT = '😺';
const HALF_A_CAT = '\ud83d';

const urlOf = (length: number): string => `https://example.com/${'a'.repeat(length - 20)}`;

/** The paths of all errors; empty when the input was accepted. */
function faultyFields(input: unknown): string[] {
  const parsed = parseVideoRequest(input, false);
  return parsed.ok ? [] : parsed.issues.map((issue) => issue.path.join('.'));
}

function accepted(input: object): VideoRequest {
  const parsed = parseVideoRequest({ ...MINIMAL, ...input }, true);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.request;
}

const text = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', minLength: min, maxLength: max });

/** Inputs that are valid, except for a blank prompt. */
const anyInput = fc.record(
  {
    // On public hosts; public-address.test.ts tests those.
    image: fc
      .webUrl({ withFragments: true, withQueryParameters: true })
      .filter((url) => isPublicHost(new URL(url))),
    prompt: text(1, 40),
    negativePrompt: fc.option(text(0, 40)),
    resolution: fc.option(fc.constantFrom(360, 480, 576)),
    videoLength: fc.option(fc.integer({ min: 1, max: 5 })),
    steps: fc.option(fc.integer({ min: 10, max: 70 })),
    seed: fc.option(fc.integer()),
    base64: fc.option(fc.boolean()),
  },
  { requiredKeys: ['image', 'prompt'] },
);

describe('requestParser, defaults', () => {
  const defaults = {
    ...MINIMAL,
    negativePrompt:
      'blurry, bad quality, camera shake, distortion, poor composition, low resolution, artifact, watermark',
    resolution: 480,
    videoLength: 3,
    steps: 30,
    seed: 42424242,
    base64: false,
  };

  it('fills in the defaults of the page for absent fields', () => {
    expect(parseVideoRequest(MINIMAL, false)).toEqual({ ok: true, request: defaults, idempotencyKey: null });
  });

  it('treats null as absent', () => {
    const nulls = {
      negativePrompt: null,
      resolution: null,
      videoLength: null,
      steps: null,
      seed: null,
      base64: null,
      idempotencyKey: null,
    };
    expect(parseVideoRequest({ ...MINIMAL, ...nulls }, false)).toEqual(parseVideoRequest(MINIMAL, false));
  });

  it('keeps given values, including falsy ones', () => {
    const given = { negativePrompt: '', resolution: 576, videoLength: 1, steps: 10, seed: 0, base64: true };
    expect(accepted(given)).toEqual({ ...MINIMAL, ...given });
  });

  it('returns the idempotency key separately from the request, untrimmed', () => {
    expect(parseVideoRequest({ ...MINIMAL, idempotencyKey: ' k ' }, false)).toEqual({
      ok: true,
      request: defaults,
      idempotencyKey: ' k ',
    });
  });

  it('drops unknown fields', () => {
    expect(accepted({ webhook: 'https://evil.example' })).toEqual(defaults);
  });

  it('has the same default for the negative prompt as it exports', () => {
    expect(accepted({}).negativePrompt).toBe(WAN_MODEL.defaults.negativePrompt);
  });
});

describe('requestParser, errors', () => {
  it('returns all errors at once, each with its field', () => {
    const issues = faultyFields({
      image: 'ftp://example.com/cat.png',
      prompt: '   ',
      negativePrompt: 'x'.repeat(2001),
      resolution: 720,
      videoLength: 6,
      steps: 9,
      seed: 1.5,
      base64: 'yes',
      idempotencyKey: '',
    });
    expect(issues.toSorted()).toEqual([
      'base64',
      'idempotencyKey',
      'image',
      'negativePrompt',
      'prompt',
      'resolution',
      'seed',
      'steps',
      'videoLength',
    ]);
  });

  it.each([
    ['image', 'nope', 'must be an http or https URL, such as https://example.com/cat.png'],
    ['prompt', '', 'must not be empty'],
    ['prompt', 'x'.repeat(2001), 'must be at most 2,000 characters long'],
    ['prompt', HALF_A_CAT, 'must be well-formed Unicode text'],
    ['resolution', 481, 'must be 360, 480 or 576'],
    ['videoLength', 0, 'must be a whole number of seconds from 1 to 5'],
    ['videoLength', 2.5, 'must be a whole number of seconds from 1 to 5'],
    ['steps', 71, 'must be a whole number of steps from 10 to 70'],
    ['seed', 0.5, 'must be a whole number'],
    ['idempotencyKey', '', 'must not be empty; leave it out to send none'],
    ['idempotencyKey', 'k'.repeat(129), 'must be at most 128 characters long'],
  ])('has one message for %s, which says what is allowed', (field, value, message) => {
    expect(parseVideoRequest({ ...MINIMAL, [field]: value }, false)).toEqual({
      ok: false,
      issues: [{ path: [field], message }],
    });
  });

  it.each([null, undefined, 'text', 5, [], true])(
    'refuses %j, which is not an object, without throwing',
    (input) => {
      expect(parseVideoRequest(input, false).ok).toBe(false);
    },
  );

  it('never throws for any input', () => {
    fc.assert(
      fc.property(
        fc.anything(),
        fc.dictionary(fc.constantFrom(...Object.keys(accepted({}))), fc.anything()),
        (a, b) => {
          expect(typeof parseVideoRequest(a, false).ok).toBe('boolean');
          expect(typeof parseVideoRequest({ ...MINIMAL, ...b }, false).ok).toBe('boolean');
        },
      ),
    );
  });
});

describe('requestParser, bounds', () => {
  it.each([
    ['image', urlOf(2048), urlOf(2049)],
    ['prompt', 'x', ''],
    ['prompt', 'x'.repeat(2000), 'x'.repeat(2001)],
    ['negativePrompt', 'x'.repeat(2000), 'x'.repeat(2001)],
    ['resolution', 360, 359],
    ['resolution', 576, 577],
    ['videoLength', 1, 0],
    ['videoLength', 5, 6],
    ['videoLength', 3, '3'],
    ['steps', 10, 9],
    ['steps', 70, 71],
    ['seed', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 1],
    ['seed', -1, Number.NaN],
    ['idempotencyKey', 'k', ''],
    ['idempotencyKey', 'k'.repeat(128), 'k'.repeat(129)],
  ])('%s: accepts the last valid value and refuses the first invalid one', (field, good, bad) => {
    expect(faultyFields({ ...MINIMAL, [field]: good })).toEqual([]);
    expect(faultyFields({ ...MINIMAL, [field]: bad })).toEqual([field]);
  });

  it.each([
    ['prompt', 2000],
    ['negativePrompt', 2000],
    ['idempotencyKey', 128],
  ])('counts an emoji in %s as one character', (field, most) => {
    expect(faultyFields({ ...MINIMAL, [field]: CAT.repeat(most) })).toEqual([]);
    expect(faultyFields({ ...MINIMAL, [field]: CAT.repeat(most + 1) })).toEqual([field]);
  });

  it.each(['image', 'prompt', 'negativePrompt', 'idempotencyKey'])(
    'refuses half an emoji in %s, which could not be sent as UTF-8',
    (field) => {
      expect(faultyFields({ ...MINIMAL, [field]: `https://example.com/${HALF_A_CAT}` })).toEqual([field]);
      expect(faultyFields({ ...MINIMAL, [field]: `https://example.com/${CAT}` })).toEqual([]);
    },
  );

  it('trims the texts before it measures and stores them', () => {
    const request = accepted({
      image: '\n https://example.com/cat.png\t',
      prompt: ` ${'x'.repeat(2000)}\n`,
      negativePrompt: ' \u00a0no dogs ',
    });
    expect(request.image).toBe('https://example.com/cat.png');
    expect(request.prompt).toBe('x'.repeat(2000));
    expect(request.negativePrompt).toBe('no dogs');
  });
});

describe('requestParser, image', () => {
  it.each([
    'https://example.com/cat.png',
    'http://example.com',
    'HTTPS://EXAMPLE.COM/cat.png?a=b#c',
    'https://user:secret@example.com:8443/cat.png',
    'http://127.0.0.1:4000/cat.png',
    'http://[::1]/cat.png',
    'https://例え.jp/猫.png',
  ])('accepts %s unchanged', (image) => {
    expect(accepted({ image }).image).toBe(image);
  });

  it.each([
    '',
    'cat.png',
    '/cat.png',
    '//example.com/cat.png',
    'ftp://example.com/cat.png',
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'javascript:alert(1)',
    'https://',
    'http://?',
    'https:example.com/cat.png',
    'https:/example.com/cat.png',
    'https:///example.com/cat.png',
    'https:\\\\example.com\\cat.png',
    'https://exa mple.com/cat.png',
    'https://example.com/a cat.png',
    'https://example.com/a\ncat.png',
    'https://example.com/a\u0000cat.png',
    'https://example.com:99999/cat.png',
    'https://[::1/cat.png',
  ])('refuses %j', (image) => {
    expect(faultyFields({ ...MINIMAL, image })).toEqual(['image']);
  });
});

describe('requestParser, properties', () => {
  it('parses an accepted request to the same request', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const parsed = parseVideoRequest(input, false);
        fc.pre(parsed.ok);
        expect(parseVideoRequest(parsed.request, false)).toEqual({ ...parsed, idempotencyKey: null });
      }),
      { numRuns: 500 },
    );
  });

  it('refuses an input of valid fields only for an empty prompt', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        expect(faultyFields(input)).toEqual(input.prompt.trim() === '' ? ['prompt'] : []);
      }),
      { numRuns: 500 },
    );
  });
});
