import type { ApolloClient } from '@apollo/client';
import { VideoJobBase64Document } from '@reelgate/client/documents';

/** Fetches a video that the gateway stores. Not cached: it can be megabytes. @returns null when the fetch failed */
export async function fetchBase64(apollo: ApolloClient, id: string): Promise<Blob | null> {
  const query = { query: VideoJobBase64Document, variables: { id }, fetchPolicy: 'no-cache' as const };
  try {
    const { data } = await apollo.query(query);
    const video = data?.videoJob?.video;
    if (video?.base64 == null) return null;
    const bytes = Uint8Array.from(atob(video.base64), (character) => character.codePointAt(0) ?? 0);
    return new Blob([bytes], { type: video.contentType });
  } catch {
    return null;
  }
}
