import { describe } from 'vitest';
import { MemoryRegisteredDocuments } from '../../src/store/memory-registered-documents.ts';
import { registeredDocumentsCases } from '../contract/registered-documents.ts';

describe('registered documents in memory', () => {
  registeredDocumentsCases(async (room) => {
    const documents = new MemoryRegisteredDocuments(room);
    return { instance: () => documents, [Symbol.asyncDispose]: async () => {} };
  });
});
