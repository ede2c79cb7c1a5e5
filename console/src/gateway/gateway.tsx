import type { Reelgate } from '@reelgate/client';
import { createContext, use } from 'react';
import type { Announcer } from '../ui/announcer.tsx';
import type { Dialogs } from '../ui/dialogs.tsx';
import type { Notices } from '../ui/notices.tsx';

/** The services of the page, created once in main.tsx. */
export interface Gateway {
  readonly client: Reelgate;
  readonly announcer: Announcer;
  readonly notices: Notices;
  readonly dialogs: Dialogs;
}

export const GatewayContext = createContext<Gateway | null>(null);

/** @throws outside of a GatewayContext */
export function useGateway(): Gateway {
  const gateway = use(GatewayContext);
  if (gateway === null) throw new Error('useGateway needs a GatewayContext around the component.');
  return gateway;
}
