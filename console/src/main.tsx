import { ReelgateProvider } from '@reelgate/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { connect } from './gateway/connect.ts';
import { GatewayContext } from './gateway/gateway.tsx';
import { UpstreamProvider } from './gateway/upstream-provider.tsx';
import { JobsProvider } from './jobs/jobs.tsx';
import { SharedJobPage } from './jobs/shared-job-page.tsx';
import { sharedJobOf } from './jobs/shared-job.ts';
import { NewJobContext, openNewJob } from './new-job/new-job.ts';
import { Announcer } from './ui/announcer.tsx';
import { Dialogs } from './ui/dialogs.tsx';
import { ErrorBoundary } from './ui/error-boundary.tsx';
import { Notices } from './ui/notices.tsx';

const shared = sharedJobOf(location);
const announcer = new Announcer();
const gateway = {
  client: connect(shared === null ? undefined : () => shared.token),
  announcer,
  notices: new Notices(announcer),
  dialogs: new Dialogs(),
};
// A browser does not load the page again when only the fragment changes, as with a new link to the same job.
addEventListener('hashchange', () => {
  if (sharedJobOf(location)?.token !== shared?.token) location.reload();
});
const newJob = shared === null ? await openNewJob(gateway.client) : null;

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no element with the id root.');
createRoot(root).render(
  <StrictMode>
    <GatewayContext value={gateway}>
      <ReelgateProvider client={gateway.client}>
        <ErrorBoundary>
          {shared === null ? (
            <JobsProvider>
              <UpstreamProvider>
                <NewJobContext value={newJob}>
                  <App />
                </NewJobContext>
              </UpstreamProvider>
            </JobsProvider>
          ) : (
            <SharedJobPage id={shared.id} />
          )}
        </ErrorBoundary>
      </ReelgateProvider>
    </GatewayContext>
  </StrictMode>,
);
