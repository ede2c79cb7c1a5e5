import { expect, it } from 'vitest';
import { parseConfig, secretsOf } from '../../src/config/config.ts';
import { faultOf } from './fault-of.ts';

it('secretsOf finds all secrets, in URLs encoded and decoded', () => {
  const secret = 'a secret of at least thirty-two bytes';
  const config = parseConfig({
    SEGMIND_API_KEY: 'key',
    AUTH_JWT_SECRET: secret,
    REDIS_URL: 'redis://ada:p%40ss@db',
    HTTPS_PROXY: 'http://ada:100%25@proxy',
    AWS_SECRET_ACCESS_KEY: 'aws secret',
    AWS_SESSION_TOKEN: 'aws token',
  });
  const decoded = ['p@ss', '100%'];
  expect(secretsOf(config)).toEqual([
    'key',
    secret,
    'aws secret',
    'aws token',
    'p%40ss',
    '100%25',
    ...decoded,
  ]);
});

it('the error of a wrong configuration shows neither the key nor the password of Redis', () => {
  expect(faultOf({ SEGMIND_API_KEY: 'SG_secret', PORT: 'x' })).not.toContain('SG_secret');
  expect(faultOf({ REDIS_URL: 'http://:hunter2@localhost' })).not.toContain('hunter2');
  expect(faultOf({ REDIS_URL: 'redis://:hunter2@a,redis://b' })).not.toContain('hunter2');
});
