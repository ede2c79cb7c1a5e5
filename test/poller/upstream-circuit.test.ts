import { describe, expect, it } from 'vitest';
import { UpstreamCircuit } from '../../src/poller/upstream-circuit.ts';
import { NOON, SECOND } from '../support/times.ts';

function open() {
  const heard: string[] = [];
  const circuit = new UpstreamCircuit({
    opened: () => heard.push('opened'),
    closed: () => heard.push('closed'),
  });
  const fail = async (times: number, at = NOON) => {
    for (let call = 0; call < times; call += 1) await circuit.tell('failed', at);
  };
  return { circuit, heard, fail };
}

describe('the circuit to the upstream', () => {
  it('lets all calls out while calls are answered now and then', async () => {
    const { circuit, heard, fail } = open();
    for (let round = 0; round < 20; round += 1) {
      await fail(9);
      await circuit.tell('answered', NOON);
    }
    expect(circuit.allow(256, NOON)).toEqual({ granted: 256, waitMs: 0 });
    expect(heard).toEqual([]);
  });

  it('opens with the tenth failure in a row, and lets one probe out each ten seconds', async () => {
    const { circuit, heard, fail } = open();
    await fail(10);
    expect(heard).toEqual(['opened']);
    expect(circuit.isOpen).toBe(true);
    expect(circuit.allow(256, NOON)).toEqual({ granted: 0, waitMs: 10 * SECOND });
    expect(circuit.allow(256, NOON + 10 * SECOND - 1).granted).toBe(0);
    expect(circuit.allow(256, NOON + 10 * SECOND)).toEqual({ granted: 1, waitMs: 0 });
    circuit.probing(NOON + 10 * SECOND);
    expect(circuit.allow(256, NOON + 11 * SECOND)).toEqual({ granted: 0, waitMs: 9 * SECOND });
  });

  it('stays open when the probe fails, and closes when it is answered', async () => {
    const { circuit, heard, fail } = open();
    await fail(10);
    circuit.probing(NOON + 10 * SECOND);
    await fail(1, NOON + 12 * SECOND);
    expect(circuit.isOpen).toBe(true);
    expect(circuit.allow(1, NOON + 20 * SECOND).granted).toBe(1);
    circuit.probing(NOON + 20 * SECOND);
    await circuit.tell('answered', NOON + 21 * SECOND);
    expect(heard).toEqual(['opened', 'closed']);
    expect(circuit.allow(256, NOON + 21 * SECOND).granted).toBe(256);
  });

  it('takes failures of calls that were under way when it opened for what they are', async () => {
    const { circuit, heard, fail } = open();
    await fail(30);
    expect(heard).toEqual(['opened']);
    expect(circuit.allow(1, NOON + 10 * SECOND).granted).toBe(1);
  });
});
