/** Why Redis cannot be used. */
export interface RedisFault {
  /** With the setting to change, where it is known. */
  readonly reason: string;
  /** Whether it may pass without anybody doing something. */
  readonly passes: boolean;
}

interface Explanation {
  readonly sign: RegExp;
  readonly remedy: string;
  readonly passes: boolean;
}

/** By what the message of an error holds. */
const EXPLANATIONS: readonly Explanation[] = [
  // Before the same words of a server: the sentinels have credentials of their own.
  {
    sign: /All sentinels are unreachable.*(?:WRONGPASS|invalid password|without any password configured)/i,
    remedy: 'the user or the password in REDIS_SENTINELS is wrong',
    passes: true,
  },
  {
    sign: /All sentinels are unreachable.*NOAUTH/,
    remedy: 'the sentinels need a password, in REDIS_SENTINELS as in mymaster@user:password@host:26379',
    passes: true,
  },
  {
    sign: /^NOPERM|NOPERM /,
    remedy: 'the user of REDIS_URL needs more permissions: ACL SETUSER, see docs/operations.md',
    passes: false,
  },
  {
    sign: /WRONGPASS|invalid password|without any password configured/i,
    remedy: 'the user or the password in REDIS_URL is wrong',
    passes: true,
  },
  { sign: /NOAUTH/, remedy: 'REDIS_URL needs a password, as in redis://user:password@host', passes: true },
  {
    sign: /max number of clients/i,
    remedy: 'raise maxclients of Redis, or end other clients',
    passes: true,
  },
  {
    sign: /\bOOM\b/,
    remedy: 'Redis is full: raise its maxmemory, or make room',
    passes: false,
  },
  {
    sign: /\bMISCONF\b/,
    remedy: 'Redis cannot save to its disk and takes no writes: see its log',
    passes: true,
  },
  {
    sign: /cluster support disabled/,
    remedy: 'it is no cluster: set REDIS_CLUSTER=false',
    passes: false,
  },
  { sign: /^MOVED /, remedy: 'it is a cluster: set REDIS_CLUSTER=true', passes: false },
  {
    sign: /DB index is out of range/,
    remedy: 'the database at the end of REDIS_URL does not exist',
    passes: false,
  },
  {
    sign: /altnames|does not match certificate/,
    remedy: 'the certificate is for another host: use a host in REDIS_URL that it names',
    passes: false,
  },
  {
    sign: /self-signed|unable to (?:verify|get local issuer)|certificate has expired|CERT_/i,
    remedy:
      'the certificate cannot be verified: NODE_EXTRA_CA_CERTS names a file with an authority of your own',
    passes: false,
  },
  {
    sign: /All sentinels are unreachable/,
    remedy: 'no sentinel of REDIS_SENTINELS answers, or none knows a primary by that name',
    passes: true,
  },
];

/** Says why Redis cannot be used, by what it or the connection to it said. */
export function explainFault(error: unknown): RedisFault {
  const message = innermost(error);
  const known = EXPLANATIONS.find(({ sign }) => sign.test(message));
  if (known === undefined) return { reason: message, passes: true };
  return { reason: `${message}; ${known.remedy}`, passes: known.passes };
}

/** The store's own errors say less than their causes. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? innermost(error.cause) : error.message;
}
