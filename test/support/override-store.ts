import type { JobStore } from '../../src/store/job-store.ts';

/** Replaces some methods of a store. */
export function overrideStore(store: JobStore, overrides: Partial<JobStore>): JobStore {
  return {
    create: (record) => store.create(record),
    getMany: (ids) => store.getMany(ids),
    isStored: (jobId) => store.isStored(jobId),
    getVideoData: (jobId) => store.getVideoData(jobId),
    deleteVideoData: (jobId) => store.deleteVideoData(jobId),
    list: (query) => store.list(query),
    searchesPrompts: store.searchesPrompts,
    remove: (job) => store.remove(job),
    subscribeRemovals: (ownerId, listener) => store.subscribeRemovals(ownerId, listener),
    findCandidates: (query) => store.findCandidates(query),
    leaseDue: (query) => store.leaseDue(query),
    findWaiting: (dueBefore, limit) => store.findWaiting(dueBefore, limit),
    save: (leaseId, change) => store.save(leaseId, change),
    release: (leased, schedule) => store.release(leased, schedule),
    nextDueAt: () => store.nextDueAt(),
    health: () => store.health(),
    subscribe: (topic, listener) => store.subscribe(topic, listener),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    ...overrides,
  };
}
