import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Job } from '../../../domain/job/job.ts';

/**
 * Text that most finished jobs contain: what is in it takes almost no space in a compact job. It must never change. A better one needs
 * another letter, see `encodeCompact`.
 */
const DICTIONARY = Buffer.from(
  [
    '"waitingFor":"UPSTREAM_UNAVAILABLE","lostAnswer":"","failure":{"code":"GENERATION_FAILED","message":"The upstream ","retryable":true,"charged":"NO"},"startBefore":17',
    '"phase":"failed","phase":"completed","request":{"image":"https://","prompt":"a cat the dog in of with and to on"',
    ',"negativePrompt":"blurry, bad quality, camera shake, distortion, poor composition, low resolution, artifact, watermark"',
    ',"resolution":480,"videoLength":3,"steps":30,"seed":42424242,"base64":false},"createdAt":17,"updatedAt":17,"deadlineAt":17',
    ',"sentAt":17,"upstreamId":"","submittedAt":17,"startedAt":17,"finishedAt":17,"forecast":{"madeAt":17,"progress":0.0,"from":17,"mu":10.8',
    ',"sigma":0.2},"metrics":{"queueSeconds":1.,"inferenceSeconds":48.,"costUsd":0.53},"video":{"url":"https://images.segmind.com/',
    '.mp4","inline":false,"contentType":"video/mp4","byteLength":1,"expiresAt":17{"id":"vj_01","ownerId":"',
  ].join(''),
);
/** A small window and small buffers: a job is short, and lists read many. */
const WINDOW = { dictionary: DICTIONARY, windowBits: 13, chunkSize: 2048 };
/** Characters before the compressed text: a letter, and what the script has added. */
const HEAD_LENGTH = 9;

/**
 * Compresses a final job to about a third. `save.lua` stores it as the only field of the hash, with a head: the letter of its status, C or
 * F, and eight characters that identify the save.
 */
export function encodeCompact(job: Job): Buffer {
  // The reader adds absent fields of the phase.
  const members = Object.entries(job).filter(([, value]) => value !== null);
  const text = JSON.stringify(Object.fromEntries(members));
  return deflateRawSync(text, { ...WINDOW, level: 9, memLevel: 5 });
}

/**
 * Reads the properties of a compact job.
 *
 * @param stored with its head, as a text with one character for each byte
 * @throws Error when it is damaged
 */
export function decodeCompact(stored: string): unknown {
  const bytes = Buffer.from(stored.slice(HEAD_LENGTH), 'latin1');
  return JSON.parse(inflateRawSync(bytes, { ...WINDOW, maxOutputLength: MAX_LENGTH }).toString());
}

/** Longer than any job, whose longest texts are two prompts and a few URLs. */
const MAX_LENGTH = 1024 * 1024;
