import type { Caller, Scope } from '../domain/caller.ts';
import { forbidden } from './errors.ts';

/** @throws GraphQLError with code FORBIDDEN when the caller lacks the scope */
export function requireScope({ scopes }: Caller, scope: Scope): void {
  if (!scopes.has(scope)) throw forbidden(`This needs the scope ${scope}.`);
}

/** @throws GraphQLError with code FORBIDDEN when the caller lacks the scope, or may reach one job only */
export function requireOwner(caller: Caller, scope: Scope): void {
  requireScope(caller, scope);
  if (caller.jobId !== null) throw forbidden('A job’s token is good for reading and watching that job only.');
}
