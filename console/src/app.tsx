import { lazy, Suspense } from 'react';
import { Link, Route, Router, Switch } from 'wouter';
import { ComparePage } from './compare/compare-page.tsx';
import { useGateway } from './gateway/gateway.tsx';
import { useIsOperator } from './gateway/operator.ts';
import { usePageState } from './gateway/page-state.ts';
import { readToken, saveToken } from './gateway/token.ts';
import { Home } from './home.tsx';
import { JobPage } from './jobs/job-page.tsx';
import { useNewJob } from './new-job/new-job.ts';
import { LiveRegion } from './ui/announcer.tsx';
import { ConnectionStatus } from './ui/connection-status.tsx';
import { Credits } from './ui/credits.tsx';
import { DialogHost } from './ui/dialogs.tsx';
import { ErrorBoundary } from './ui/error-boundary.tsx';
import { NoticeBar } from './ui/notices.tsx';
import { SignIn } from './ui/sign-in.tsx';
import { UpstreamNote } from './ui/upstream-note.tsx';

/** Loaded when an operator opens it. */
const StatusPage = lazy(async () => ({ default: (await import('./status/status-page.tsx')).StatusPage }));
/** The path prefix of the gateway behind a proxy, without a trailing slash; empty for none. */
const BASE_PATH = new URL(document.baseURI).pathname.replace(/\/[^/]*$/, '');

export function App() {
  const { client, announcer, notices, dialogs } = useGateway();
  const { drafts, history } = useNewJob();
  const state = usePageState();
  const isOperator = useIsOperator();
  const signedOut = state === 'signed-out';
  const signOut = async (): Promise<void> => {
    saveToken(null);
    // The next user of this browser may be another person.
    history.clear();
    await drafts.clear();
    location.reload();
  };
  return (
    <Router base={BASE_PATH}>
      <header>
        <div className="top">
          <Link href="/" className="brand">
            Reelgate
          </Link>
          <ConnectionStatus />
          <Credits />
          <nav>
            {isOperator && !signedOut && <Link href="/status">Status</Link>}
            <a href="graphql">GraphiQL</a>
            {readToken() !== null && !signedOut && (
              <button type="button" className="link" onClick={() => void signOut()}>
                Sign out
              </button>
            )}
          </nav>
        </div>
        <UpstreamNote />
      </header>
      {signedOut && <SignIn />}
      {state === 'refused' && (
        <p role="alert" className="refusal">
          The gateway does not answer this page. {client.connection.error?.message}
        </p>
      )}
      <div hidden={signedOut}>
        <Home />
        <OtherPages />
      </div>
      <NoticeBar notices={notices} />
      <DialogHost dialogs={dialogs} />
      <LiveRegion announcer={announcer} />
    </Router>
  );
}

function OtherPages() {
  return (
    <Switch>
      <Route path="/" />
      <Route path="/compare/:one/:other">
        {({ one, other }) => <ComparePage key={`${one} ${other}`} one={one} other={other} />}
      </Route>
      <Route path="/status">
        <ErrorBoundary>
          <Suspense fallback={<main className="page">Loading…</main>}>
            <StatusPage />
          </Suspense>
        </ErrorBoundary>
      </Route>
      <Route path="/jobs/:id">{({ id }) => <JobPage key={id} id={id} />}</Route>
      <Route>
        <NotFound />
      </Route>
    </Switch>
  );
}

function NotFound() {
  return (
    <main className="page">
      <h1>Page not found</h1>
      <p>
        <Link href="/">All videos</Link>
      </p>
    </main>
  );
}
