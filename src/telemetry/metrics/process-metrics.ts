import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { Counter, Gauge } from 'prom-client';
import type { Instruments } from './instruments.ts';

const DELAY_RESOLUTION_MS = 20;

/** Shows what this process uses. The names are those of Prometheus' client libraries, for Node those of OpenTelemetry. */
export class ProcessMetrics implements Disposable {
  readonly #delays: ReturnType<typeof monitorEventLoopDelay>;
  readonly #cpu: Counter;
  readonly #memory: Gauge;
  readonly #heap: Gauge;
  readonly #files: Gauge;
  readonly #delay: Gauge;
  readonly #utilization: Gauge;
  readonly #offset: Gauge;
  readonly #offsetMs: () => number;
  #cpuSeconds = 0;
  #lastUtilization = performance.eventLoopUtilization();

  /**
   * @param now the gateway's time in epoch milliseconds
   * @param systemNow the machine's time in epoch milliseconds
   */
  constructor(instruments: Instruments, now: () => number, systemNow: () => number) {
    this.#offsetMs = () => now() - systemNow();
    this.#offset = instruments.gauge({
      name: 'reelgate_clock_offset_seconds',
      help: "The gateway's time minus the machine's: its clock was set, or differs from that of Redis.",
    });
    this.#cpu = instruments.counter({
      name: 'process_cpu_seconds_total',
      help: 'CPU time of the process, user and system.',
    });
    this.#memory = instruments.gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory of the process.',
    });
    this.#heap = instruments.gauge({
      name: 'v8js_memory_heap_used_bytes',
      help: 'Used memory of the JavaScript heap.',
    });
    this.#files = instruments.gauge({
      name: 'process_open_fds',
      help: 'Open files and sockets; only on Linux.',
    });
    this.#delay = instruments.gauge({
      name: 'nodejs_eventloop_delay_p99_seconds',
      help: 'How late the event loop was in 1 of 100 cases since the last scrape.',
    });
    this.#utilization = instruments.gauge({
      name: 'nodejs_eventloop_utilization_ratio',
      help: 'Share of the time since the last scrape in which the event loop was busy.',
    });
    const start = instruments.gauge({
      name: 'process_start_time_seconds',
      help: 'Start of the process in seconds since 1970.',
    });
    start.set(performance.timeOrigin / 1000);
    this.#delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
    this.#delays.enable();
  }

  update(): void {
    const { user, system } = process.cpuUsage();
    const cpuSeconds = (user + system) / 1e6;
    this.#cpu.inc(cpuSeconds - this.#cpuSeconds);
    this.#cpuSeconds = cpuSeconds;
    this.#offset.set(this.#offsetMs() / 1000);
    setIfKnown(this.#memory, () => process.memoryUsage.rss());
    this.#heap.set(getHeapStatistics().used_heap_size);
    setIfKnown(this.#files, () => readdirSync('/proc/self/fd').length);
    // The histogram counts the whole interval between two checks.
    this.#delay.set(Math.max(0, this.#delays.percentile(99) / 1e9 - DELAY_RESOLUTION_MS / 1000));
    this.#delays.reset();
    const now = performance.eventLoopUtilization();
    this.#utilization.set(performance.eventLoopUtilization(now, this.#lastUtilization).utilization);
    this.#lastUtilization = now;
  }

  [Symbol.dispose](): void {
    this.#delays.disable();
  }
}

/** Keeps the last value when the system does not tell, and while the process has too many open files: both are read from files. */
function setIfKnown(gauge: Gauge, read: () => number): void {
  try {
    gauge.set(read());
  } catch {
    // There is no newer value.
  }
}
