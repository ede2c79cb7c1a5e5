import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';
import type { EncodeResponse, EncodeRequest, EncodeResult, EncodeTask } from './encode-task.ts';
import { encodeVideo } from './encode-video.ts';
import { placeholderRaster, rasterFromImage, samplePng } from './raster.ts';

/** A worker thread of the encode pool. It runs one task at a time and posts one response per request. */

// The pool's threads are the only parallelism. No image is used twice, so caching would waste memory.
sharp.concurrency(1);
sharp.cache(false);

const port = parentPort;
port?.on('message', (request: EncodeRequest) => {
  void handle(request).then(({ response, transfer }) => {
    port.postMessage(response, transfer);
  });
});

async function handle(
  request: EncodeRequest,
): Promise<{ response: EncodeResponse; transfer: ArrayBuffer[] }> {
  try {
    const result = await runTask(request.task);
    return { response: { id: request.id, result }, transfer: [result.bytes.buffer] };
  } catch (error) {
    return { response: { id: request.id, error: messageOf(error) }, transfer: [] };
  }
}

async function runTask(task: EncodeTask): Promise<EncodeResult> {
  if (task.kind === 'sample-image') return { bytes: Uint8Array.from(await samplePng()), imageError: null };
  let imageError: string | null = null;
  if (task.image !== null) {
    try {
      const raster = await rasterFromImage(task.image, task.resolution);
      return { bytes: await encodeVideo(raster, task.seconds, task.seed), imageError };
    } catch (error) {
      imageError = messageOf(error);
    }
  }
  const raster = await placeholderRaster(task.prompt, task.resolution);
  return { bytes: await encodeVideo(raster, task.seconds, task.seed), imageError };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
