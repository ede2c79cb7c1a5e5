import { z } from 'zod';
import { integer, isDecodable, splitList } from './schemas.ts';

const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;
const COMPRESSIONS = ['gzip', 'none'] as const;
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
/** Where a collector on the same machine listens. */
const DEFAULT_ENDPOINT = 'http://localhost:4318';
const TRACES_PATH = 'v1/traces';
const MAX_MS = 600_000;

/**
 * Variables of OpenTelemetry that the gateway reads or checks. The exporter reads its headers, certificates, compression and timeout by
 * itself, and the resource its attributes.
 */
export const OTEL_VARIABLES = {
  OTEL_SDK_DISABLED: z
    .string()
    .optional()
    .transform((value) => value?.toLowerCase() === 'true'),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none'], 'must be otlp or none').optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.string().optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.string().optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(PROTOCOLS),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: oneOf(PROTOCOLS),
  OTEL_EXPORTER_OTLP_COMPRESSION: oneOf(COMPRESSIONS),
  OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: oneOf(COMPRESSIONS),
  OTEL_EXPORTER_OTLP_TIMEOUT: integer(null, 1, MAX_MS),
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: integer(null, 1, MAX_MS),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().default(''),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: z.string().default(''),
  OTEL_TRACES_SAMPLER: oneOf(SAMPLERS),
  OTEL_TRACES_SAMPLER_ARG: z.string().optional(),
  OTEL_BSP_SCHEDULE_DELAY: integer(5000, 0, MAX_MS),
  OTEL_BSP_EXPORT_TIMEOUT: integer(30_000, 1, MAX_MS),
  OTEL_BSP_MAX_QUEUE_SIZE: integer(2048, 1, 1_000_000),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: integer(512, 1, 1_000_000),
};

type OtelVariables = z.output<z.ZodObject<typeof OTEL_VARIABLES>>;

/** Which spans are kept, and where they are sent. */
export interface TracesSettings {
  /** Of the receiver of spans. It may contain credentials. */
  readonly url: string;
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly sampler: (typeof SAMPLERS)[number];
  /** The share of traces that the samplers with a ratio keep, from 0 to 1. */
  readonly ratio: number;
  /** Spans that wait are sent when the oldest has waited this long, or a batch is full. */
  readonly scheduleDelayMs: number;
  readonly exportTimeoutMs: number;
  /** Spans that wait; more are dropped. */
  readonly maxQueueSize: number;
  readonly maxBatchSize: number;
}

function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, `must be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`).optional();
}

/** @returns null when no spans are sent */
export function tracesOf(variables: OtelVariables): TracesSettings | null {
  if (!isOn(variables)) return null;
  const protocol = protocolOf(variables).value;
  return Object.freeze({
    url: endpointOf(variables).value,
    protocol: protocol === 'http/json' ? protocol : 'http/protobuf',
    sampler: variables.OTEL_TRACES_SAMPLER ?? 'parentbased_always_on',
    ratio: Number(variables.OTEL_TRACES_SAMPLER_ARG ?? '1'),
    scheduleDelayMs: variables.OTEL_BSP_SCHEDULE_DELAY,
    exportTimeoutMs: variables.OTEL_BSP_EXPORT_TIMEOUT,
    maxQueueSize: variables.OTEL_BSP_MAX_QUEUE_SIZE,
    maxBatchSize: Math.min(variables.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, variables.OTEL_BSP_MAX_QUEUE_SIZE),
  });
}

/** @returns what is wrong: the name of a variable and the message; null: nothing. Without an exporter nothing is checked. */
export function tracesFault(variables: OtelVariables): readonly [string, string] | null {
  if (!isOn(variables)) return null;
  const endpoint = endpointOf(variables);
  const url = URL.parse(endpoint.value);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || !isDecodable(url)) {
    return [
      endpoint.name,
      'must be an http or https URL, such as http://localhost:4318, with % in a name or password written as %25',
    ];
  }
  const protocol = protocolOf(variables);
  if (protocol.value === 'grpc') {
    return [
      protocol.name,
      'must be http/protobuf or http/json: the gateway does not speak grpc. Collectors receive both at port 4318',
    ];
  }
  const ratio = variables.OTEL_TRACES_SAMPLER_ARG;
  if (ratio !== undefined && !(/^\d*\.?\d+$/.test(ratio) && Number(ratio) <= 1)) {
    return ['OTEL_TRACES_SAMPLER_ARG', 'must be a number from 0 to 1'];
  }
  // The exporter leaves out what it cannot read, and then the receiver refuses all spans.
  const wrong = HEADERS.find((name) => splitList(variables[name]).some((pair) => !HEADER.test(pair)));
  return wrong === undefined
    ? null
    : [wrong, 'must be name=value with commas in between, such as authorization=Bearer%20token'];
}

const HEADERS = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'] as const;
/** A name as HTTP allows it, an equals sign and a value; or nothing, after a last comma. */
const HEADER = /^$|^[\w!#$%&'*+.^`|~-]+\s*=\s*\S/;

/** A shorter value of a header is a name or a number, and redacting it would make the log unreadable. */
const MIN_SECRET_LENGTH = 8;

/** The values of the headers that may be credentials. */
export function headerSecrets(variables: OtelVariables): string[] {
  const { OTEL_EXPORTER_OTLP_HEADERS: all, OTEL_EXPORTER_OTLP_TRACES_HEADERS: own } = variables;
  const values = [...splitList(all), ...splitList(own)].map((pair) =>
    pair.slice(pair.indexOf('=') + 1).trim(),
  );
  return values
    .flatMap((value) => [value, decoded(value)])
    .filter((value) => value.length >= MIN_SECRET_LENGTH);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function isOn(variables: OtelVariables): boolean {
  if (variables.OTEL_SDK_DISABLED || variables.OTEL_TRACES_EXPORTER === 'none') return false;
  return (
    variables.OTEL_TRACES_EXPORTER === 'otlp' ||
    variables.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined ||
    variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT !== undefined
  );
}

/** The endpoint for traces is used as it is; that for all signals is the base of theirs. */
function endpointOf(variables: OtelVariables) {
  const own = variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  if (own !== undefined) return { name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', value: own };
  const base = variables.OTEL_EXPORTER_OTLP_ENDPOINT ?? DEFAULT_ENDPOINT;
  return { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: `${base.replace(/\/$/, '')}/${TRACES_PATH}` };
}

function protocolOf(variables: OtelVariables) {
  const own = variables.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL;
  return own === undefined
    ? { name: 'OTEL_EXPORTER_OTLP_PROTOCOL', value: variables.OTEL_EXPORTER_OTLP_PROTOCOL }
    : { name: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', value: own };
}
