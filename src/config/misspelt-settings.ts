/** An environment variable that is not a setting, and the setting that was probably meant. */
export interface MisspeltSetting {
  readonly name: string;
  readonly nearest: string;
}

/** Users expect this prefix; no setting has it. */
const OWN_PREFIX = 'REELGATE_';
/** Variables that Docker and Kubernetes set for each service, such as `REDIS_PORT_6379_TCP_ADDR`. */
const SERVICE_LINK = /_SERVICE_(?:HOST|PORT)(?:_|$)|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_|$)/;
const LINK_ADDRESS = /^(?:tcp|udp|sctp):\/\//;
/** Wrong letters in a name of more than `SHORT` letters, and in a shorter name. */
const MAX_DISTANCE = 2;
const MAX_DISTANCE_OF_SHORT = 1;
const SHORT = 4;

/**
 * Finds variables that share the first word with a setting and differ from it by a letter or two. Other variables are ignored: they
 * may belong to other programs.
 *
 * @param given names and values
 */
export function findMisspelt(
  given: Iterable<readonly [string, string]>,
  settings: readonly string[],
): MisspeltSetting[] {
  const known = new Set(settings);
  const found: MisspeltSetting[] = [];
  for (const [name, value] of given) {
    const upper = name.toUpperCase();
    if (known.has(name) || SERVICE_LINK.test(upper) || LINK_ADDRESS.test(value)) continue;
    // REDIS_URL_2 is another program's, not a misspelling of REDIS_URL.
    if (known.has(upper.replace(/_?\d+$/, '')) && /\d$/.test(upper)) continue;
    const nearest = nearestOf(upper, settings);
    if (nearest !== null) found.push({ name, nearest });
  }
  return found;
}

function nearestOf(name: string, settings: readonly string[]): string | null {
  const own = name.startsWith(OWN_PREFIX);
  const group = own ? '' : groupOf(name);
  const rest = name.slice(own ? OWN_PREFIX.length : group.length);
  // A similar name without a common prefix is a coincidence.
  if (!own && group === '') return null;
  let nearest: string | null = null;
  let least = Infinity;
  for (const setting of settings) {
    if (!setting.startsWith(group)) continue;
    const settingRest = setting.slice(group.length);
    const distance = isPartOfVendorName(group, rest, settingRest) ? 0 : editDistance(rest, settingRest);
    const limit = Math.min(rest.length, settingRest.length) > SHORT ? MAX_DISTANCE : MAX_DISTANCE_OF_SHORT;
    if (distance > limit || distance >= least) continue;
    nearest = setting;
    least = distance;
  }
  return nearest;
}

/** `SEGMIND_KEY` means `SEGMIND_API_KEY`: other programs use no such names, unlike AUTH_SECRET. */
function isPartOfVendorName(group: string, rest: string, settingRest: string): boolean {
  const words = settingRest.split('_');
  return group === 'SEGMIND_' && rest.split('_').every((word) => words.includes(word));
}

/** The first word with its underscore; empty for a name of one word. */
function groupOf(name: string): string {
  return name.slice(0, name.indexOf('_') + 1);
}

/** The Levenshtein distance. */
function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [row, letter] of Array.from(one).entries()) {
    const current = [row + 1];
    for (const [column, otherLetter] of Array.from(other).entries()) {
      const replaced = (previous[column] ?? 0) + (letter === otherLetter ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
