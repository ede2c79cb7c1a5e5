/**
 * Decodes one HEIC image. It is a worker, because that takes seconds. The decoder is a file of its own, unchanged, as its licence
 * (LGPL) asks; the page loads it only for this.
 */
import libheifUrl from 'libheif-js/libheif/libheif.js?url';
import type { DecodedHeic } from './decode-heic.ts';

/** The parts of libheif-js that are used. */
interface HeifImage {
  get_width(): number;
  get_height(): number;
  /** Calls back with null when the image cannot be decoded. */
  display(target: ImageData, done: (pixels: ImageData | null) => void): void;
}
interface Libheif {
  readonly HeifDecoder: new () => { decode(bytes: ArrayBuffer): readonly HeifImage[] };
}

declare function importScripts(url: string): void;
declare const libheif: () => Libheif;

addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
  try {
    importScripts(libheifUrl);
    const { HeifDecoder } = libheif();
    const [image] = new HeifDecoder().decode(data);
    if (image === undefined) return answer(null);
    image.display(new ImageData(image.get_width(), image.get_height()), answer);
  } catch (error) {
    answer(null, String(error));
  }
});

function answer(pixels: ImageData | null, problem: string | null = null): void {
  const message: DecodedHeic = { pixels, problem };
  postMessage(message, { transfer: pixels === null ? [] : [pixels.data.buffer] });
}
