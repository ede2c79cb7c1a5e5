import { ReelgateProvider } from '@reelgate/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { connect } from './gateway/connect.ts';
import { GatewayContext } from './gateway/gateway.tsx';
import { JobsProvider } from './jobs/jobs.tsx';
import { Announcer } from './ui/announcer.tsx';
import { ErrorBoundary } from './ui/error-boundary.tsx';

const gateway = { client: connect(), announcer: new Announcer() };

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no element with the id root.');
createRoot(root).render(
  <StrictMode>
    <GatewayContext value={gateway}>
      <ReelgateProvider client={gateway.client}>
        <ErrorBoundary>
          <JobsProvider>
            <App />
          </JobsProvider>
        </ErrorBoundary>
      </ReelgateProvider>
    </GatewayContext>
  </StrictMode>,
);
