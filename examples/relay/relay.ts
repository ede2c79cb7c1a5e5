import { createReelgate, type Sink } from '@reelgate/client';
import {
  Environment,
  type GraphQLResponse,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
} from 'relay-runtime';
import { endpoint, fail, input, show, token } from '../terminal.ts';
import VIDEO_JOB_UPDATED, {
  type documentsVideoJobUpdatedSubscription,
} from './__generated__/documentsVideoJobUpdatedSubscription.graphql.ts';

const reelgate = createReelgate({ url: endpoint, token });
const { connection } = reelgate;
const environment = new Environment({
  network: Network.create(
    ({ text }, variables) => connection.execute({ query: text ?? '', variables }) as Promise<GraphQLResponse>,
    ({ text }, variables) =>
      Observable.create<GraphQLResponse>((sink) =>
        connection.subscribe({ query: text ?? '', variables }, sink as Sink),
      ),
  ),
  store: new Store(new RecordSource()),
});

const { id } = await reelgate.submit(input).catch(fail);

requestSubscription<documentsVideoJobUpdatedSubscription>(environment, {
  subscription: VIDEO_JOB_UPDATED,
  variables: { id },
  onNext: (data) => data != null && show(data.videoJobUpdated),
  onError: fail,
});
