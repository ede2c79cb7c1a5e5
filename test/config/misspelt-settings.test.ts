import { describe, expect, it } from 'vitest';
import { faultOf } from './fault-of.ts';

describe('a variable that is not a setting', () => {
  it.each([
    ['SEGMIND_APIKEY', 'SEGMIND_API_KEY'],
    ['SEGMIND_KEY', 'SEGMIND_API_KEY'],
    ['SEGMIND_URL', 'SEGMIND_BASE_URL'],
    ['SEGMIND_BASEURL', 'SEGMIND_BASE_URL'],
    ['SEGMIND_TIMEOUT', 'SEGMIND_TIMEOUT_MS'],
    ['segmind_api_key', 'SEGMIND_API_KEY'],
    ['AUTH_JWK_URL', 'AUTH_JWKS_URL'],
    ['AUTH_JWT_SECRETS', 'AUTH_JWT_SECRET'],
    ['AUTH_API_KEY_FILE', 'AUTH_API_KEYS_FILE'],
    ['REDIS_URI', 'REDIS_URL'],
    ['REDIS_CLUSTERS', 'REDIS_CLUSTER'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['CALLBACK_ORIGIN', 'CALLBACK_ORIGINS'],
    ['ALLOW_ANONYMUS', 'ALLOW_ANONYMOUS'],
    ['JOB_DEADLINE_SECOND', 'JOB_DEADLINE_SECONDS'],
    ['MAX_JOBS_PER_DAYS', 'MAX_JOBS_PER_DAY'],
    ['SANDBOX_SPED', 'SANDBOX_SPEED'],
    ['REELGATE_PORT', 'PORT'],
    ['REELGATE_DATADIR', 'DATA_DIR'],
  ])('stops the start when it resembles one: %s is %s', (name, nearest) => {
    expect(faultOf({ [name]: '1' })).toBe(`${name}: is not a setting. Did you mean ${nearest}?`);
  });

  it.each([
    // Docker links and Kubernetes services with the names redis, sandbox, auth and reelgate.
    ['REDIS_PORT', 'tcp://10.0.0.7:6379'],
    ['REDIS_NAME', '/gateway/redis'],
    ['REDIS_SERVICE_HOST', '10.0.0.7'],
    ['REDIS_SERVICE_PORT', '6379'],
    ['REDIS_SERVICE_PORT_REDIS', '6379'],
    ['REDIS_PORT_6379_TCP', 'tcp://10.0.0.7:6379'],
    ['REDIS_PORT_6379_TCP_ADDR', '10.0.0.7'],
    ['REDIS_CLUSTER_SERVICE_HOST', '10.0.0.7'],
    ['SANDBOX_PORT_4010_TCP_PROTO', 'tcp'],
    ['AUTH_PORT_80_TCP_PORT', '80'],
    ['REELGATE_PORT', 'tcp://10.0.0.8:4000'],
    ['REELGATE_SERVICE_HOST', '10.0.0.8'],
    // Variables of other programs.
    ['REDIS_HOST', 'redis'],
    ['REDIS_PASSWORD', 'x'],
    ['REDIS_TTL', '60'],
    ['REDIS_TLS', 'true'],
    ['REDIS_URL_2', 'redis://cache'],
    ['AUTH_SECRET', 'x'],
    ['AUTH_URL', 'https://app.example.com'],
    ['JOB_NAME', 'build'],
    ['JOB_URL', 'https://ci.example.com'],
    ['MAX_JOBS', '4'],
    ['SEGMIND_MODEL', 'wan'],
    ['LOG_DIR', '/var/log'],
    ['NO_COLOR', '1'],
    ['DATA_PATH', '/data'],
    ['HOSTNAME', 'f00'],
    ['REELGATE_VERSION', '1'],
    ['npm_config_registry', 'x'],
    // An empty variable is absent.
    ['SEGMIND_APIKEY', ' '],
  ])('starts with %s=%s', (name, value) => {
    expect(faultOf({ [name]: value })).toBe('none');
  });

  it('is reported with all other errors', () => {
    expect(faultOf({ CORS_ORIGIN: 'x', PORT: 'x' })).toBe(
      'CORS_ORIGIN: is not a setting. Did you mean CORS_ORIGINS?\nPORT: must be a whole number from 0 to 65535',
    );
  });
});
