import { parseArgs } from 'node:util';
import { NO_CALLBACK, TRANSPORTS, unmetNeeds } from './capabilities.ts';
import { loadCases, loadOperations } from './reading/load.ts';
import { linesOf, summaryOf } from './report.ts';
import { type CaseRun, plan } from './running/plan.ts';
import { type Outcome, run } from './running/run.ts';
import { endpointOf, inspect, TargetError } from './target/gateway.ts';
import { CallbackListener } from './transports/callback.ts';
import { messageOf } from './transports/http-exchange.ts';

const USAGE = `Usage: npm run conformance -- URL [options]

  URL                 the gateway's URL, such as https://video.example.com or https://example.com/reelgate
  --token TOKEN       the caller's bearer token; the variable REELGATE_TOKEN does not show it to other users
  --transports A,B    only these: ${[...TRANSPORTS, NO_CALLBACK].map(({ name }) => name).join(', ')}
  --callback URL      where the gateway reaches this machine, at or below one of its CALLBACK_ORIGINS
  --generate          create one job although the upstream is not the embedded sandbox: it costs one video, about $0.50
`;

/** Seconds of the job, and of the whole run, with the sandbox and with any other upstream. */
const SANDBOX_TIMES = { jobSeconds: 90, totalSeconds: 240 };
const UPSTREAM_TIMES = { jobSeconds: 900, totalSeconds: 1200 };

class UsageError extends Error {}

/** What the command uses of its process. */
export interface Terminal {
  /** The arguments after the name of the program. */
  readonly args: readonly string[];
  /** The value of REELGATE_TOKEN; null: none. */
  readonly token: string | null;
  write(text: string): void;
  writeError(text: string): void;
}

/** Runs the command. @returns the exit code: 0, 1 when a case failed or the gateway cannot be tested, 2 on wrong usage */
export async function runCommand(terminal: Terminal): Promise<number> {
  try {
    return await runCases(terminal);
  } catch (error) {
    const isUsage = error instanceof UsageError || (error instanceof TargetError && error.isUsage);
    if (!isUsage && !(error instanceof TargetError)) throw error;
    terminal.writeError(`${error.message}\n${error instanceof UsageError ? `\n${USAGE}` : ''}`);
    return isUsage ? 2 : 1;
  }
}

async function runCases(terminal: Terminal): Promise<number> {
  const { url, token, names, callback, generate } = readArguments(terminal);
  const write = (text: string) => terminal.write(`${text}\n`);
  await using listener = callback === null ? null : await listen(callback);
  const gateway = await inspect(url, token);
  const isSandbox = gateway.upstream === 'sandbox';
  const all = [...TRANSPORTS, ...(listener === null ? [] : [listener.transport])];
  const isChosen = ({ name }: { readonly name: string }) => names === null || names.includes(name);
  const missing = listener === null ? [NO_CALLBACK].filter(isChosen) : [];
  const unmet = unmetNeeds(gateway, generate);
  const caseRuns = plan(loadCases(), { transports: all.filter(isChosen), missing, unmet });
  write(`${url}, upstream: ${gateway.upstream}, sign-in: ${gateway.hasSignIn ? 'yes' : 'no'}`);
  for (const { name, reason } of missing) write(`skip every case over ${name}: ${reason}`);
  const outcomes = await run(
    {
      caseRuns,
      endpoints: { gateway: url, router: '' },
      token,
      operations: loadOperations(),
      ...(isSandbox ? SANDBOX_TIMES : UPSTREAM_TIMES),
    },
    whenCaseIsOver(
      caseRuns.filter(({ over }) => !missing.some(({ name }) => name === over)),
      write,
    ),
  );
  write(summaryOf(outcomes));
  return outcomes.some(({ state }) => state === 'failed') ? 1 : 0;
}

function readArguments({ args, token }: Terminal) {
  const { values, positionals } = parse(args);
  const [given, ...others] = positionals;
  if (given === undefined || others.length > 0) throw new UsageError('Give one URL.');
  const names = values.transports?.split(',') ?? null;
  const known = new Set([...TRANSPORTS, NO_CALLBACK].map(({ name }) => name));
  const unknown = names?.find((name) => !known.has(name));
  if (unknown !== undefined) throw new UsageError(`There is no transport "${unknown}".`);
  return {
    url: endpointOf(given),
    token: values.token ?? token,
    names,
    callback: values.callback ?? null,
    generate: values.generate,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        token: { type: 'string' },
        transports: { type: 'string' },
        callback: { type: 'string' },
        generate: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

async function listen(url: string): Promise<CallbackListener> {
  if (!URL.canParse(url)) throw new UsageError(`--callback "${url}" is not a URL.`);
  try {
    return await CallbackListener.listen(url);
  } catch (error) {
    throw new UsageError(`--callback: cannot listen on the port of ${url}: ${messageOf(error)}`);
  }
}

/** Writes the lines of a case as soon as all its case runs have an outcome. Other case runs are not written. */
function whenCaseIsOver(
  caseRuns: readonly CaseRun[],
  write: (text: string) => void,
): (outcome: Outcome) => void {
  const outcomes = new Map<CaseRun, Outcome>();
  return (outcome) => {
    outcomes.set(outcome.caseRun, outcome);
    if (!caseRuns.includes(outcome.caseRun)) return;
    const own = caseRuns.filter((caseRun) => caseRun.case === outcome.caseRun.case);
    const known = own.flatMap((caseRun) => outcomes.get(caseRun) ?? []);
    if (known.length === own.length) write(linesOf(known).join('\n'));
  };
}
