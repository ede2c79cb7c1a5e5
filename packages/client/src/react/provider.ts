import { createContext, createElement, type ReactNode, useContext } from 'react';
import type { Reelgate } from '../reelgate.ts';

export interface ReelgateProviderProps {
  readonly client: Reelgate;
  readonly children?: ReactNode;
}

const ReelgateContext = createContext<Reelgate | null>(null);

/** Gives the components below it a client. */
export function ReelgateProvider({ client, children }: ReelgateProviderProps): ReactNode {
  return createElement(ReelgateContext.Provider, { value: client }, children);
}

/** The client of the nearest ReelgateProvider. @throws without one */
export function useReelgate(): Reelgate {
  const client = useContext(ReelgateContext);
  if (client === null) throw new Error('The component has no ReelgateProvider around it.');
  return client;
}
