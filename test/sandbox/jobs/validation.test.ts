import { describe, expect, it } from 'vitest';
import { readModelInput } from '../../../packages/sandbox/src/jobs/model-input.ts';
import { FakeClock, accepted, resultOf, sandbox, statusOf, textOf } from '../support.ts';

const GOOD = { image: 'https://example.com/a.png', prompt: 'A fox' };

describe('an invalid body', () => {
  it('is accepted, queued and fails later', async () => {
    const clock = new FakeClock();
    const { url } = await sandbox({ clock: clock.read });
    const id = await accepted(url, { video_length: 9, resolution: 999, prompt: undefined });
    expect((await statusOf(url, id)).body?.['status']).toBe('QUEUED');
    clock.advance(5_000);
    const error =
      'Validation error: prompt: must be a string; resolution: must be 360, 480 or 576; video_length: must be 1 to 5';
    const failed = { status: 422, body: { status: 'FAILED', error, metrics: { inference_time: 0.2 } } };
    expect(await statusOf(url, id)).toMatchObject(failed);
    expect(await resultOf(url, id)).toMatchObject(failed);
    expect((await statusOf(url, id)).body?.['metrics']).not.toHaveProperty('cost');
  });

  it.each([
    ['image', undefined],
    ['image', 'not a URL'],
    ['image', 'ftp://example.com/a.png'],
    ['image', 7],
    ['prompt', ''],
    ['prompt', null],
    ['resolution', 999],
    ['resolution', '481'],
    ['resolution', 'large'],
    ['resolution', 480.5],
    ['video_length', 0],
    ['video_length', 6],
    ['video_length', 2.5],
    ['video_length', '3'],
    ['steps', 9],
    ['steps', 71],
    ['seed', 1.5],
    ['seed', 'x'],
    ['base64', 'true'],
    ['negative_prompt', 1],
  ])('names the field %s when it is %j', (field, value) => {
    const read = readModelInput({ ...GOOD, [field]: value });
    expect(read).toEqual({ error: expect.stringMatching(new RegExp(`^Validation error: ${field}: [^;]+$`)) });
  });
});

describe('a valid body', () => {
  it('gets the documented defaults', () => {
    expect(readModelInput(GOOD)).toEqual({
      input: {
        ...GOOD,
        resolution: 480,
        video_length: 3,
        base64: false,
        negative_prompt:
          'blurry, bad quality, camera shake, distortion, poor composition, low resolution, artifact, watermark',
        seed: 42_424_242,
        steps: 30,
      },
    });
  });

  it.each([360, '360', 480, '480', 576, '576'])('can have the resolution %j', (resolution) => {
    expect(readModelInput({ ...GOOD, resolution })).toMatchObject({
      input: { resolution: Number(resolution) },
    });
  });

  it('can have unknown fields', () => {
    expect(readModelInput({ ...GOOD, scheduler: 'fast' })).toHaveProperty('input');
  });

  it('requires an image', () => {
    expect(textOf(readModelInput({}) as Record<string, unknown>, 'error')).toContain('image');
  });
});
