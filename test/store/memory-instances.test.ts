import { describe } from 'vitest';
import { MemoryInstances } from '../../src/store/instances.ts';
import { heartbeatCases } from '../contract/instances.ts';

describe('the instance of the embedded store', () => {
  heartbeatCases(async () => new MemoryInstances());
});
