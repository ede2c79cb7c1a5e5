import { ApolloProvider } from '@apollo/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { createApolloClient } from './gateway/apollo.ts';
import { connect } from './gateway/connection.ts';
import { GatewayContext } from './gateway/gateway.tsx';
import { announcementOf } from './jobs/announce.ts';
import { Feed } from './jobs/feed.ts';
import { shortTitle } from './jobs/short-title.ts';
import { Announcer } from './ui/announcer.tsx';
import { ErrorBoundary } from './ui/error-boundary.tsx';

const connection = connect();
const apollo = createApolloClient(connection.client);
const announcer = new Announcer();
const feed = Feed.start(
  apollo,
  connection,
  (job, before) => {
    const message = announcementOf(job, before);
    if (message !== null) announcer.say(message);
  },
  (job) => announcer.say(`Deleted: ${shortTitle(job)}`),
);
const gateway = { apollo, client: connection.client, connection, feed, announcer };

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no element with the id root.');
createRoot(root).render(
  <StrictMode>
    <GatewayContext value={gateway}>
      <ApolloProvider client={apollo}>
        <ErrorBoundary>
          <App />
        </ErrorBoundary>
      </ApolloProvider>
    </GatewayContext>
  </StrictMode>,
);
