import { Link, Route, Router, Switch } from 'wouter';
import { useGateway } from './gateway/gateway.tsx';
import { usePageState } from './gateway/page-state.ts';
import { readToken, saveToken } from './gateway/token.ts';
import { JobPage } from './jobs/job-page.tsx';
import { JobList } from './jobs/list/job-list.tsx';
import { JobForm } from './new-job/job-form.tsx';
import { useNewJob } from './new-job/new-job.ts';
import { LiveRegion } from './ui/announcer.tsx';
import { ConnectionStatus } from './ui/connection-status.tsx';
import { Credits } from './ui/credits.tsx';
import { DialogHost } from './ui/dialogs.tsx';
import { NoticeBar } from './ui/notices.tsx';
import { SignIn } from './ui/sign-in.tsx';
import { UpstreamNote } from './ui/upstream-note.tsx';

/** The path prefix of the gateway behind a proxy, without a trailing slash; empty for none. */
const BASE_PATH = new URL(document.baseURI).pathname.replace(/\/[^/]*$/, '');

export function App() {
  const { client, announcer, notices, dialogs } = useGateway();
  const { drafts, history } = useNewJob();
  const state = usePageState();
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
      <header className="top">
        <Link href="/" className="brand">
          Reelgate
        </Link>
        <ConnectionStatus />
        <Credits />
        <nav>
          <a href="graphql">GraphiQL</a>
          {readToken() !== null && !signedOut && (
            <button type="button" className="link" onClick={() => void signOut()}>
              Sign out
            </button>
          )}
        </nav>
      </header>
      <UpstreamNote />
      {signedOut && <SignIn />}
      {state === 'refused' && (
        <p role="alert" className="refusal">
          The gateway does not answer this page. {client.connection.error?.message}
        </p>
      )}
      <div hidden={signedOut}>
        <Routes />
      </div>
      <NoticeBar notices={notices} />
      <DialogHost dialogs={dialogs} />
      <LiveRegion announcer={announcer} />
    </Router>
  );
}

function Routes() {
  return (
    <Switch>
      <Route path="/">
        <main className="home">
          <h1 className="visually-hidden">Videos from images</h1>
          <JobForm />
          <JobList />
        </main>
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
