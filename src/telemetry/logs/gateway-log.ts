import type { Clock } from '../../domain/clock.ts';
import type { FaultEvent, GatewayEvents, GatewayPart } from '../../events/gateway-events.ts';
import { FaultLog, type LeveledLog } from '../../process/fault-log.ts';

/** Milliseconds between two lines about the same refusal, or about jobs that wait for the budget. */
const INFO_WINDOW_MS = 60_000;

/**
 * Writes the lines of the log that are about what happens in the gateway. Lines that repeat are counted, see `FaultLog`.
 * Disposing it writes the counts.
 */
export class GatewayLog implements Disposable {
  readonly #log: LeveledLog;
  readonly #faults: FaultLog;
  readonly #infos: FaultLog;

  constructor(log: LeveledLog, clock: Clock, events: Pick<GatewayEvents, 'on'>) {
    this.#log = log;
    this.#faults = new FaultLog(log, clock);
    this.#infos = new FaultLog(log, clock, INFO_WINDOW_MS);
    events.on('fault', (fault) => this.#onFault(fault));
    events.on('circuit', ({ state }) => {
      if (state === 'closed') this.#log.info({ part: 'poller' }, 'the upstream is back');
      else this.#log.warn({ part: 'poller' }, 'the upstream is down: it is only probed until it is back');
    });
  }

  [Symbol.dispose](): void {
    this.#faults[Symbol.dispose]();
    this.#infos[Symbol.dispose]();
  }

  #onFault({ part, level, message, details }: FaultEvent): void {
    const log = level === 'info' ? this.#infos : this.#faults;
    log[level](inPart(part, details), message);
  }
}

function inPart(part: GatewayPart, details: object): object {
  return { part, ...details };
}
