/**
 * The contract of the JobStore port. The test of an adapter calls `describeJobStore` with a function that opens it
 * and adds its own cases.
 */
import { describe } from 'vitest';
import { chooseCases } from './job-store-cases/choose.ts';
import { createCases } from './job-store-cases/create.ts';
import { idempotencyCases } from './job-store-cases/idempotency.ts';
import { leaseCases } from './job-store-cases/lease.ts';
import { limitCases } from './job-store-cases/limits.ts';
import { listCases } from './job-store-cases/list.ts';
import type { OpenStore } from './job-store-cases/opened-store.ts';
import { saveCases } from './job-store-cases/save.ts';
import { unreadableCases } from './job-store-cases/unreadable.ts';
import { waitingCases } from './job-store-cases/waiting.ts';
import { watchCases } from './job-store-cases/watch.ts';

/** Runs the suite on an adapter. */
export function describeJobStore(name: string, open: OpenStore): void {
  describe(`${name} keeps the promises of JobStore`, () => {
    describe('create and read', () => {
      createCases(open);
    });
    describe('idempotency keys', () => {
      idempotencyCases(open);
    });
    describe('limits', () => {
      limitCases(open);
    });
    describe('list', () => {
      listCases(open);
    });
    describe('lease and release', () => {
      leaseCases(open);
    });
    describe('candidates when calls are short', () => {
      chooseCases(open);
    });
    describe('jobs that wait to be submitted', () => {
      waitingCases(open);
    });
    describe('save', () => {
      saveCases(open);
    });
    describe('records that cannot be read', () => {
      unreadableCases(open);
    });
    describe('watch', () => {
      watchCases(open);
    });
  });
}
