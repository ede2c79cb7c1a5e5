import { isPublicHost } from './request/public-address.ts';

/** The kind of upstream: the embedded sandbox, another one on a private network (such as a sandbox), or one on a public host. */
export type UpstreamKind = 'sandbox' | 'private' | 'public';

/** The notice on every page; null for the real API. */
export const UPSTREAM_NOTICES: Readonly<Record<UpstreamKind, string | null>> = {
  sandbox: 'Sandbox: videos are test pictures, and nothing is charged.',
  private: 'Private upstream, such as a sandbox: videos and prices may be test data.',
  public: null,
};

/** The header of all answers while the upstream is not on a public host. */
export const UPSTREAM_HEADER = 'x-reelgate-upstream';

/** The kind of an upstream other than the embedded sandbox. @param origin e.g. `https://api.segmind.com` */
export function upstreamKindOf(origin: string): 'private' | 'public' {
  return isPublicHost(new URL(origin)) ? 'public' : 'private';
}
