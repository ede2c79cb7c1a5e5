import { describe, expect, it } from 'vitest';
import { CallbackRouter } from '../../support/gateway/callback-router.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { refusalOf, startCallbacks, subscribe, extensionFor, WATCH_ALL } from './callback-gateway.ts';

describe('a callback is refused', () => {
  it('at an origin that is not allowed, or by a URL with a password', async () => {
    await using parts = await startCallbacks();
    const { router, gateway, id } = parts;
    const urls = [
      'http://169.254.169.254/latest',
      router.origin.replace('http', 'https'),
      router.origin.replace('http://', 'http://user:password@'),
      `${router.origin}@example.com/`,
      `file://${router.origin}`,
      'nothing',
    ];
    for (const callbackUrl of urls) {
      const subscription = { ...extensionFor(router), callbackUrl };
      const refused = refusalOf(await subscribe(gateway, { variables: { id }, subscription }));
      expect(refused).toEqual([403, ['CALLBACK_NOT_ALLOWED']]);
    }
    expect([router.summaries, gateway.store.listenerCount]).toEqual([[], 0]);
  });

  it('outside of the path that is allowed', async () => {
    await using parts = await startCallbacks('/callback');
    const { router, gateway, id } = parts;
    const paths = [
      '/',
      '/other',
      '/callbacks',
      '/callback/../other',
      '/callback/%2e%2e/other',
      '/callback/%2e%2e%2fother',
      '/callback/..%2fother',
      '/callback/..%5cother',
      '/callback/%252e%252e/other',
      '/callback/..;/other',
      '/callback/.;/..;a/other',
      '/callback//other',
      '/callback//',
      String.raw`/callback\..\other`,
      '/callback/a%00',
      '/Callback/s1',
      '//callback/s1',
    ];
    for (const path of paths) {
      const subscription = { ...extensionFor(router), callbackUrl: `${router.origin}${path}` };
      const refused = refusalOf(await subscribe(gateway, { variables: { id }, subscription }));
      expect([path, ...refused]).toEqual([path, 403, ['CALLBACK_NOT_ALLOWED']]);
    }
    expect(router.summaries).toEqual([]);
    for (const path of ['/callback', '/callback/', '/callback/0b7d-4.1?a=%2e%2e']) {
      const subscription = { ...extensionFor(router), callbackUrl: `${router.origin}${path}` };
      const answer = await subscribe(gateway, { variables: { id }, subscription });
      expect([path, answer.status]).toEqual([path, 200]);
    }
  });

  it('everywhere unless an origin is allowed', async () => {
    await using router = await CallbackRouter.start();
    await using gateway = await startGateway();
    const request = { query: WATCH_ALL, subscription: extensionFor(router) };
    expect(refusalOf(await subscribe(gateway, request))).toEqual([403, ['CALLBACK_NOT_ALLOWED']]);
  });

  it.each([{ verifier: '' }, { subscriptionId: 1 }, { callbackUrl: null }, { heartbeatIntervalMs: -1 }])(
    'with %o',
    async (change) => {
      await using parts = await startCallbacks();
      const subscription = { ...extensionFor(parts.router), ...change };
      const request = { query: WATCH_ALL, subscription };
      expect(refusalOf(await subscribe(parts.gateway, request))).toEqual([400, ['BAD_REQUEST']]);
    },
  );

  it.each([404, 200, 302, 500])('when the router answers the check by %i', async (status) => {
    await using parts = await startCallbacks();
    const { router, gateway, id } = parts;
    router.answer = () => status;
    const answer = await subscribe(gateway, { variables: { id }, subscription: extensionFor(router) });
    expect(refusalOf(answer)).toEqual([400, ['CALLBACK_REFUSED']]);
    expect([router.summaries, gateway.store.listenerCount]).toEqual([['check'], 0]);
  });

  it('before the check, when the subscription itself is refused', async () => {
    await using parts = await startCallbacks();
    const { router, gateway } = parts;
    const subscription = extensionFor(router);
    const unknown = await subscribe(gateway, { variables: { id: 'unknown' }, subscription });
    expect(refusalOf(unknown)[1]).toEqual(['NOT_FOUND']);
    const invalid = await subscribe(gateway, { query: 'subscription { nothing }', subscription });
    expect(refusalOf(invalid)[1]).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    expect(router.summaries).toEqual([]);
  });
});
