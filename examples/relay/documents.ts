import { graphql } from 'relay-runtime';

// The Relay compiler reads the documents here and writes ./__generated__. In an app its plugin for the bundler puts
// the artifact in the place of each tag. Node runs without one, so relay.ts imports the artifacts themselves.

export const generateVideo = graphql`
  mutation documentsGenerateVideoMutation($input: GenerateVideoInput!) {
    generateVideo(input: $input) {
      ... on GenerateVideoSuccess {
        job {
          id
        }
      }
      ... on GenerateVideoError {
        message
      }
    }
  }
`;

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
