import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';
import type { EncodeResponse, EncodeRequest, EncodeResult, EncodeTask } from './encode-task.ts';
import { encodeVideo } from './encode-video.ts';
import { placeholderRaster, rasterFromImage, samplePng } from './raster.ts';

/** A worker thread: one order after the other, each answered once. Started by the encode pool. */

// The pool's threads are the parallelism there is; pictures do not come back, so nothing is worth caching.
sharp.concurrency(1);
sharp.cache(false);

const port = parentPort;
port?.on('message', (order: EncodeRequest) => {
  void carryOut(order).then(({ answer, transfer }) => {
    port.postMessage(answer, transfer);
  });
});

async function carryOut(order: EncodeRequest): Promise<{ answer: EncodeResponse; transfer: ArrayBuffer[] }> {
  try {
    const result = await perform(order.task);
    return { answer: { id: order.id, result }, transfer: [result.bytes.buffer] };
  } catch (error) {
    return { answer: { id: order.id, error: messageOf(error) }, transfer: [] };
  }
}

async function perform(task: EncodeTask): Promise<EncodeResult> {
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
