import { graphql } from 'relay-runtime';

// The Relay compiler reads the documents here and writes ./__generated__. In an app its plugin for the bundler puts
// the artifact in the place of each tag; Node runs without one, so the other files import the artifacts themselves.

export const generateVideoMutation = graphql`
  mutation videoJobGenerateMutation($input: GenerateVideoInput!) {
    generateVideo(input: $input) {
      ... on GenerateVideoSuccess {
        job {
          id
          ...videoJobState
        }
      }
      ... on GenerateVideoError {
        message
      }
    }
  }
`;

export const videoJobUpdatedSubscription = graphql`
  subscription videoJobUpdatedSubscription($id: ID!, $sinceVersion: Int) {
    videoJobUpdated(id: $id, sinceVersion: $sinceVersion) {
      version
      isTerminal
      ...videoJobState
    }
  }
`;

export const videoJobState = graphql`
  fragment videoJobState on VideoJob {
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
`;
