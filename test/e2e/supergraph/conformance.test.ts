import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCases, loadOperations } from '../../../conformance/reading/load.ts';
import { type CaseRun, plan } from '../../../conformance/running/plan.ts';
import { type Outcome, run } from '../../../conformance/running/run.ts';
import { endpointOf } from '../../../conformance/target/gateway.ts';
import { ROUTER_POST, ROUTER_SSE } from '../../../conformance/transports/router.ts';
import { spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { JWT_SECRET } from './client.ts';
import { installFederation } from './composition.ts';
import { startProducts } from './products.ts';
import { compose, startRouter } from './router.ts';

const INSTALL_MS = 300_000;

const caseRuns = plan(loadCases(), { transports: [ROUTER_POST, ROUTER_SSE], missing: [], unmet: {} });
const resources = new AsyncDisposableStack();
let outcomes: readonly Outcome[];

beforeAll(async () => {
  await installFederation();
  const folder = resources.use(tempFolder());
  const products = resources.use(await startProducts(await freePort()));
  const reelgate = resources.use(
    await spawnGateway({ DATA_DIR: `${folder.path}/data`, SANDBOX_SPEED: '10', AUTH_JWT_SECRET: JWT_SECRET }),
  );
  const supergraph = `${folder.path}/supergraph.graphql`;
  await compose('apollo', reelgate.url, products.url, supergraph);
  const router = resources.use(await startRouter(supergraph, await freePort(), 'sse'));
  const token = await new SignJWT({ scope: 'video:generate video:read' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('ada')
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(JWT_SECRET));
  outcomes = await run({
    caseRuns,
    endpoints: { gateway: endpointOf(reelgate.url), router: endpointOf(router.url) },
    token,
    operations: loadOperations(),
    jobSeconds: 30,
    totalSeconds: 60,
  });
}, INSTALL_MS);

afterAll(() => resources.disposeAsync());

const nameOf = ({ case: { id, title }, over }: CaseRun) => `${title} (${id} over ${over})`;
const isRun = ({ transport }: CaseRun) => transport !== null;

describe('through Hive Gateway', () => {
  it.each(caseRuns.filter(isRun).map((caseRun) => [nameOf(caseRun), caseRun] as const))(
    '%s',
    (_, caseRun) => {
      expect(outcomes.find((outcome) => outcome.caseRun === caseRun)).toMatchObject({
        state: 'passed',
        reason: '',
      });
    },
  );
});
