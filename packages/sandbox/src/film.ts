import h264 from 'h264-mp4-encoder';
import { cameraPath } from './camera.ts';
import { moovFirst } from './faststart.ts';
import { FRAME_RATE, frameCount } from './frame-size.ts';
import { blankDates } from './mp4-dates.ts';
import { drawFrame } from './planes.ts';
import type { Raster } from './raster.ts';

/** Of 0 (best) to 10 (fastest). Slower ones made the file hardly smaller. */
const ENCODER_SPEED = 5;
/** Of 10 (best) to 51. */
const QUANTIZATION = 24;

/**
 * A film of `seconds` over the picture: an MP4 with H.264, ready to be streamed. The same input gives the same bytes.
 *
 * @param seconds whole
 * @param seed of the camera's path
 * @throws when the encoder fails
 */
export async function film(
  { picture, size }: Raster,
  seconds: number,
  seed: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = await h264.createH264MP4Encoder();
  try {
    encoder.width = size.width;
    encoder.height = size.height;
    encoder.frameRate = FRAME_RATE;
    encoder.speed = ENCODER_SPEED;
    encoder.quantizationParameter = QUANTIZATION;
    // A key frame a second: seeking lands near.
    encoder.groupOfPictures = FRAME_RATE;
    encoder.initialize();
    const camera = cameraPath(seed);
    const frames = frameCount(seconds);
    const frame = new Uint8Array(size.width * size.height * 1.5);
    for (let index = 0; index < frames; index += 1) {
      drawFrame(picture, camera(index / (frames - 1)), size, frame);
      encoder.addFrameYuv(frame);
    }
    encoder.finalize();
    const bytes = encoder.FS.readFile(encoder.outputFilename);
    encoder.FS.unlink(encoder.outputFilename);
    blankDates(bytes);
    return moovFirst(bytes);
  } finally {
    encoder.delete();
  }
}
