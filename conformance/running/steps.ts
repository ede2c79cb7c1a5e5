import type { Milestone, Step } from '../reading/case.ts';
import { faultsOfReceived, type Received } from '../reading/expectation.ts';
import { faultsOf } from '../reading/match.ts';
import { at, type Scope, valueOf } from '../reading/values.ts';
import { POST_JSON } from '../transports/json.ts';
import type { Connection, OperationRequest, Result, Stream, Transport } from '../transports/transport.ts';

/** What the steps of one case run use. */
export interface StepContext {
  readonly transport: Transport;
  /** The GraphQL endpoints of the gateway and of the router in front of it. */
  readonly endpoints: Readonly<Record<Transport['via'], string>>;
  /** The token of the run. */
  readonly token: string | null;
  readonly operations: ReadonlyMap<string, string>;
  /** Values of the run; steps add those that they save. */
  readonly scope: Map<string, unknown>;
  readonly signal: AbortSignal;
  /** Resolves with the values that the milestone adds to the scope. */
  awaitMilestone(milestone: Milestone): Promise<Scope>;
}

/** Runs the steps of one case in turn. */
export class StepRunner implements AsyncDisposable {
  readonly #context: StepContext;
  readonly #connections = new Map<string, Connection>();
  #stream: Stream | null = null;

  constructor(context: StepContext) {
    this.#context = context;
  }

  /** @throws Error that says what is not as expected, or what is wrong with the case */
  async run(step: Step): Promise<void> {
    const { transport, scope } = this.#context;
    if ('await' in step) {
      for (const [name, value] of await this.#context.awaitMilestone(step.await)) scope.set(name, value);
    } else if ('open' in step) {
      const times = step.open.times === undefined ? 1 : Number(valueOf(step.open.times, scope));
      for (let index = 0; index < times; index++) this.#stream = await this.#open(transport, step.open);
    } else if ('take' in step) {
      this.#check(step, await take(this.#opened(), step.take, scope), false);
    } else if ('finish' in step) {
      this.#check(step, await readToEnd(this.#opened()), true);
    } else if ('send' in step) {
      this.#check(step, await readToEnd(await this.#open(transport, step.send)), true);
    } else {
      this.#check(step, await readToEnd(await this.#open(POST_JSON, step.prepare)), true);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection[Symbol.asyncDispose]()));
  }

  #opened(): Stream {
    if (this.#stream === null) throw new Error('No subscription is open.');
    return this.#stream;
  }

  #open(transport: Transport, sent: SentOperation): Promise<Stream> {
    const { scope, token, endpoints, signal } = this.#context;
    const given = sent.token === undefined ? token : valueOf(sent.token, scope);
    const bearer = typeof given === 'string' && given !== 'none' ? given : null;
    const key = `${transport.name} ${bearer}`;
    let connection = this.#connections.get(key);
    if (connection === undefined) {
      connection = transport.connect({ url: endpoints[transport.via], token: bearer, signal });
      this.#connections.set(key, connection);
    }
    return connection.open(this.#requestOf(sent));
  }

  #requestOf(sent: SentOperation): OperationRequest {
    const { operation, document, operationName, variables, extensions } = sent;
    const { operations, scope } = this.#context;
    const query = operation === undefined ? valueOf(document, scope) : operations.get(operation);
    if (typeof query !== 'string') throw new Error(`There is no operation ${operation}.`);
    return {
      query,
      ...(operationName === undefined ? {} : { operationName }),
      ...(extensions === undefined ? {} : { extensions: fieldsOf(extensions, scope) }),
      variables: fieldsOf(variables ?? {}, scope),
    };
  }

  #check({ expect = {}, save = {} }: ReceivingStep, received: Received, isOver: boolean): void {
    const { scope } = this.#context;
    const expected: typeof expect = fieldsOf(expect, scope);
    const faults = faultsOfReceived(expected, received, isOver);
    if (faults.length > 0) throw new Error(faults.join(' '));
    const data = received.results.at(-1)?.data;
    for (const [name, path] of Object.entries(save)) scope.set(name, at(data, path));
  }
}

/** Fills in the values of each field. */
function fieldsOf(fields: object, scope: Scope): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, valueOf(value, scope)]));
}

type SentOperation = Extract<Step, { send: unknown }>['send'];
type ReceivingStep = Pick<Extract<Step, { send: unknown }>, 'expect' | 'save'>;

async function readToEnd(stream: Stream): Promise<Received> {
  const results: Result[] = [];
  for (;;) {
    const delivery = await stream.next();
    if ('end' in delivery) return { results, end: delivery.end };
    results.push(delivery.result);
  }
}

async function take(
  stream: Stream,
  { until, where }: Extract<Step, { take: unknown }>['take'],
  scope: Scope,
): Promise<Received> {
  const fits = (pattern: unknown, { data }: Result) =>
    pattern === undefined || faultsOf(valueOf(pattern, scope), data, '').length === 0;
  const results: Result[] = [];
  for (;;) {
    const delivery = await stream.next();
    if ('end' in delivery) throw new Error(`It ended by ${delivery.end.end}: ${delivery.end.detail}.`);
    if (!fits(where, delivery.result)) continue;
    results.push(delivery.result);
    if (fits(until, delivery.result)) return { results, end: null };
  }
}
