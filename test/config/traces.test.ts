import { describe, expect, it } from 'vitest';
import { parseConfig, secretsOf } from '../../src/config/config.ts';
import { faultOf } from './fault-of.ts';

const ON = { OTEL_TRACES_EXPORTER: 'otlp' };

describe('traces', () => {
  it.each([
    {},
    { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
    { OTEL_SDK_DISABLED: 'TRUE', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
    // Other programs on the machine may use it.
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_SAMPLER_ARG: 'x' },
  ])('are off with %j', (environment) => {
    expect(parseConfig(environment).traces).toBeNull();
  });

  it.each([
    [ON, 'http://localhost:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector/otlp/' }, 'https://collector/otlp/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector/spans?a=b' }, 'http://collector/spans?a=b'],
  ])('go, with %j, to %s', (environment, url) => {
    expect(parseConfig(environment).traces).toEqual({
      url,
      protocol: 'http/protobuf',
      sampler: 'parentbased_always_on',
      ratio: 1,
      scheduleDelayMs: 5000,
      exportTimeoutMs: 30_000,
      maxQueueSize: 2048,
      maxBatchSize: 512,
    });
  });

  it('have the standard variables', () => {
    const environment = {
      ...ON,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BSP_EXPORT_TIMEOUT: '2000',
      OTEL_BSP_MAX_QUEUE_SIZE: '64',
    };
    expect(parseConfig(environment).traces).toMatchObject({
      protocol: 'http/json',
      sampler: 'traceidratio',
      ratio: 0.25,
      scheduleDelayMs: 100,
      exportTimeoutMs: 2000,
      maxQueueSize: 64,
      maxBatchSize: 64,
    });
  });

  it.each([
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      /^OTEL_EXPORTER_OTLP_PROTOCOL: must be http\/protobuf or .* grpc/,
    ],
    [{ OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc' }, /^OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: .* grpc/],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'udp' }, /^OTEL_EXPORTER_OTLP_PROTOCOL: must be http\/protobuf, /],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
      /^OTEL_EXPORTER_OTLP_ENDPOINT: must be an http or https URL/,
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:50%off@collector:4318' },
      /^OTEL_EXPORTER_OTLP_ENDPOINT: .* with % in a name or password written as %25/,
    ],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /^OTEL_TRACES_EXPORTER: must be otlp or none/],
    [{ OTEL_TRACES_SAMPLER: 'sometimes' }, /^OTEL_TRACES_SAMPLER: must be always_on, /],
    [{ OTEL_TRACES_SAMPLER_ARG: '1.5' }, /^OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1/],
    [{ OTEL_BSP_MAX_QUEUE_SIZE: '0' }, /^OTEL_BSP_MAX_QUEUE_SIZE: must be a whole number from 1 /],
    [{ OTEL_EXPORTER_OTLP_COMPRESSION: 'br' }, /^OTEL_EXPORTER_OTLP_COMPRESSION: must be gzip or none/],
    [{ OTEL_EXPORTER_OTLP_TIMEOUT: '10s' }, /^OTEL_EXPORTER_OTLP_TIMEOUT: must be a whole number/],
  ])('refuse %j', (environment, fault) => {
    expect(faultOf({ ...ON, ...environment })).toMatch(fault);
  });

  it.each(['Bearer secret', 'authorization: Bearer secret', 'a=b,Bearer secret', 'authorization='])(
    'refuse the headers %j, and do not repeat them',
    (headers) => {
      expect(faultOf({ ...ON, OTEL_EXPORTER_OTLP_HEADERS: headers })).toMatch(
        /^OTEL_EXPORTER_OTLP_HEADERS: must be name=value with commas in between, such as \S+$/,
      );
    },
  );

  it('have secrets in their headers and URL, which the log redacts', () => {
    const config = parseConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://user:pass-word@collector',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=1,authorization=Bearer%20t0ken-of-all',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-key=t0ken-of-traces',
    });
    const secrets = ['Bearer%20t0ken-of-all', 'Bearer t0ken-of-all', 't0ken-of-traces', 'pass-word'];
    expect(secretsOf(config)).toEqual(expect.arrayContaining(secrets));
    expect(secretsOf(config)).not.toContain('1');
  });
});
