import { ApolloClient, InMemoryCache } from '@apollo/client';
import { createReelgate } from '@reelgate/client';
import { createReelgateLink, possibleTypes, typePolicies } from '@reelgate/client/apollo';
import { VideoJobUpdatedDocument } from '@reelgate/client/documents';
import { endpoint, fail, input, show, token } from './terminal.ts';

const reelgate = createReelgate({ url: endpoint, token });
const client = new ApolloClient({
  link: createReelgateLink(reelgate),
  cache: new InMemoryCache({ possibleTypes, typePolicies }),
});

const { id } = await reelgate.submit(input).catch(fail);

client
  .subscribe({ query: VideoJobUpdatedDocument, variables: { id } })
  .subscribe(({ data, error }) => (data == null ? fail(error) : show(data.videoJobUpdated)));
