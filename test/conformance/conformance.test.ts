import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TRANSPORTS, unmetNeeds } from '../../conformance/capabilities.ts';
import { loadCases, loadOperations } from '../../conformance/reading/load.ts';
import { type CaseRun, plan } from '../../conformance/running/plan.ts';
import { type Outcome, run } from '../../conformance/running/run.ts';
import { endpointOf, type Gateway, inspect } from '../../conformance/target/gateway.ts';
import { CallbackListener } from '../../conformance/transports/callback.ts';
import type { Transport } from '../../conformance/transports/transport.ts';
import { type SpawnedGateway, spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { freePort } from '../support/network/ports.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { deliversNothing, distorts } from './lying-transport.ts';

/** For HS256: at least 32 bytes. */
const SECRET = 'a secret of the tests, long enough for HS256';
const OPERATIONS_PER_SOCKET = 4;

const cases = loadCases();
const resources = new AsyncDisposableStack();
let gateway: SpawnedGateway;
let inspected: Gateway;
let overReal: readonly Outcome[];
let overNothing: readonly Outcome[];
let overDistorted: readonly Outcome[];

beforeAll(async () => {
  const folder = resources.use(tempFolder());
  const callbackUrl = `http://127.0.0.1:${await freePort()}/callback`;
  const callbacks = resources.use(await CallbackListener.listen(callbackUrl, '127.0.0.1'));
  gateway = resources.use(
    await spawnGateway({
      DATA_DIR: folder.path,
      SANDBOX_SPEED: '10',
      AUTH_JWT_SECRET: SECRET,
      CALLBACK_ORIGINS: callbackUrl,
      MAX_OPERATIONS_PER_SOCKET: String(OPERATIONS_PER_SOCKET),
      GENERATE_RPM_PER_OWNER: '0',
    }),
  );
  const token = await new SignJWT({ scope: 'video:generate video:read' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('ada')
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(SECRET));
  const url = endpointOf(gateway.url);
  inspected = await inspect(url, token);
  const transports = [...TRANSPORTS, callbacks.transport];
  const real = planOver(transports);
  const silent = planOver(transports.map(deliversNothing));
  const distorted = planOver(transports.map(distorts));
  const outcomes = await run({
    caseRuns: [...real, ...silent, ...distorted],
    endpoints: { gateway: url, router: '' },
    token,
    operations: loadOperations(),
    values: new Map([['limits', { operationsPerSocket: OPERATIONS_PER_SOCKET }]]),
    jobSeconds: 30,
    totalSeconds: 50,
    stopGateway: async () => {
      gateway.kill('SIGTERM');
    },
  });
  const among = (caseRuns: readonly CaseRun[]) =>
    outcomes.filter(({ caseRun }) => caseRuns.includes(caseRun));
  overReal = among(real);
  overNothing = among(silent);
  overDistorted = among(distorted);
});

afterAll(() => resources.disposeAsync());

const planOver = (transports: readonly Transport[]) => plan(cases, { transports, missing: [], unmet: {} });

const reasonsOf = (outcomes: readonly Outcome[], state: Outcome['state'], id: string) =>
  outcomes
    .filter((outcome) => outcome.state === state && outcome.caseRun.case.id === id)
    .map(({ caseRun, reason }) => `${caseRun.over}: ${reason}`);

describe.each(cases)('$title', ({ id, except }) => {
  it(`holds over every transport (${id})`, () => {
    expect(reasonsOf(overReal, 'failed', id)).toEqual([]);
    expect(
      overReal.filter(({ caseRun, state }) => caseRun.case.id === id && state === 'passed').length,
    ).toBeGreaterThan(0);
    const skipped = Object.entries(except).map(([name, reason]) => `${name}: ${reason}`);
    expect(skipped).toEqual(expect.arrayContaining(reasonsOf(overReal, 'skipped', id)));
  });

  it(`fails over a transport that delivers nothing (${id})`, () => {
    expect(reasonsOf(overNothing, 'passed', id)).toEqual([]);
  });

  it(`fails over a transport that repeats results and changes errors and ends (${id})`, () => {
    expect(reasonsOf(overDistorted, 'passed', id)).toEqual([]);
  });
});

it('a transport that delivers nothing fails at the steps that use it, not before', () => {
  const reasons = overNothing.filter(({ state }) => state === 'failed').map(({ reason }) => reason);
  const strange = reasons.filter(
    (reason) => !/It ended by complete|results has 0 items|There is no result/.test(reason),
  );
  expect(strange).toEqual([]);
});

it('the gateway is recognised', () => {
  expect(inspected).toMatchObject({ upstream: 'sandbox', hasSignIn: true, hasFederation: true });
});

it('a paid upstream leaves out all cases that need a job', () => {
  const unmet = unmetNeeds({ ...inspected, upstream: 'public' }, false);
  const caseRuns = plan(cases, { transports: TRANSPORTS, missing: [], unmet });
  const left = caseRuns
    .filter(({ transport }) => transport !== null)
    .map((caseRun) => JSON.stringify(caseRun.case.steps));
  expect(left.length).toBeGreaterThan(50);
  expect(left.filter((steps) => /Generate|await/.test(steps))).toEqual([]);
});
