import { graphql } from 'relay-runtime';

// The Relay compiler reads the document here and writes ./__generated__. In an app its plugin for the bundler puts the
// artifact in the place of the tag. Node runs without one, so relay.ts imports the artifact itself.

export const videoJobUpdated = graphql`
  subscription documentsVideoJobUpdatedSubscription($id: ID!, $sinceVersion: Int) {
    videoJobUpdated(id: $id, sinceVersion: $sinceVersion) {
      id
      version
      status
      isTerminal
      progress
      video {
        url
      }
      failure {
        code
        message
      }
    }
  }
`;
